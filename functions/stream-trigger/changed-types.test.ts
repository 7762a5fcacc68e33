import { expect, it } from 'vitest';
import { changedTypes } from './changed-types.ts';

const record = (eventName: string, p: string) => ({ eventName, dynamodb: { Keys: { p: { S: p }, s: { S: '1' } } } });

it('names each type that was written once, and nothing else', () => {
  const types = changedTypes({
    Records: [
      record('INSERT', 'log#apps/deployments#0'),
      record('INSERT', 'log#apps/deployments#1'),
      record('INSERT', 'log#pods#12'),
      record('MODIFY', 'log#secrets#12'),
      record('REMOVE', 'log#nodes#12'),
      record('INSERT', 'object#configmaps'),
      { eventName: 'INSERT' },
    ],
  });
  expect([...types]).toEqual(['apps/deployments', 'pods']);
});
