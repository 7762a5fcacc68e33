import { expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { tableHeartbeats } from './heartbeats.ts';

it('keeps the newest beat of each node, until the node is forgotten', async () => {
  const heartbeats = tableHeartbeats(modelCalls(new ModelTable(Date.now)), 'store');
  await heartbeats.beat('a', 2000);
  await heartbeats.beat('a', 1000);
  await heartbeats.beat('b', 3000);
  expect(await heartbeats.all()).toEqual(
    new Map([
      ['a', 2000],
      ['b', 3000],
    ]),
  );
  await heartbeats.forget('a');
  await heartbeats.forget('never-seen');
  expect([...(await heartbeats.all()).keys()]).toEqual(['b']);
});
