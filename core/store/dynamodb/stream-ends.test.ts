import { expect, test } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { tableStreamEnds } from './stream-ends.ts';

const surroundings = { now: Date.now, sleep: async () => undefined, random: Math.random };

test('the ends of a stream find each other, may come again, and nobody takes the place of one', async () => {
  const ends = tableStreamEnds(modelCalls(new ModelTable(Date.now)), 'store', surroundings);
  const [client, node] = [
    { writer: 'a', connection: 'A' },
    { writer: 'b', connection: 'B' },
  ] as const;
  expect(await ends.join('s', 'client', client)).toEqual({ other: undefined });
  expect(await ends.join('s', 'node', node)).toEqual({ other: 'A' });
  expect(await ends.join('s', 'client', client)).toEqual({ other: 'B' });
  // A connection that broke.
  expect(await ends.join('s', 'client', { writer: 'a', connection: 'C' })).toEqual({ other: 'B' });
  expect(await ends.join('s', 'node', node)).toEqual({ other: 'C' });
  // A message on the node's queue that came twice; a ticket that was seen by another.
  for (const end of ['client', 'node'] as const)
    expect(await ends.join('s', end, { writer: 'x', connection: 'X' })).toBeUndefined();
  expect(await ends.join('t', 'node', { writer: 'x', connection: 'X' })).toEqual({ other: undefined });
});
