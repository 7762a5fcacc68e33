import { expect, it } from 'vitest';
import { changedTypes } from './changed-types.ts';

const record = (eventName: string, p: string, s = '0000000001') => ({
  eventName,
  dynamodb: { Keys: { p: { S: p }, s: { S: s } } },
});

it('names each type that was written once, with the highest of its revisions, and nothing else', () => {
  const types = changedTypes({
    Records: [
      record('INSERT', 'log#apps/deployments#0'),
      record('INSERT', 'log#apps/deployments#1'),
      record('INSERT', 'log#pods#12', '0000012001'),
      record('INSERT', 'log#pods#12', '0000012000'),
      record('INSERT', 'log#jobs#0', 'x'),
      record('MODIFY', 'log#secrets#12'),
      record('REMOVE', 'log#nodes#12'),
      record('INSERT', 'object#configmaps'),
      { eventName: 'INSERT' },
    ],
  });
  expect([...types]).toEqual([
    ['apps/deployments', 1],
    ['pods', 12001],
  ]);
});
