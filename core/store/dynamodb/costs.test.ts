import { expect, it } from 'vitest';
import { samplePod } from '../../../bench/store/sample-pod.ts';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { openDynamoStore } from './dynamodb-store.ts';

it('creates a pod of 2 KB in two round trips and five write units, and reads it in one', async () => {
  const store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'store' });
  const put = (i: number) => {
    const { name, ...value } = samplePod(i);
    return { op: 'put', type: 'pods', name, expect: 0, value } as const;
  };
  await store.commit([put(0)]);
  const before = { ...store.costs.get('commit') };
  await store.commit([put(1)]);
  const after = { ...store.costs.get('commit') };
  expect({
    requests: (after.requests ?? 0) - (before.requests ?? 0),
    writeUnits: (after.writeUnits ?? 0) - (before.writeUnits ?? 0),
    readUnits: after.readUnits,
  }).toEqual({ requests: 2, writeUnits: 5, readUnits: 0 });
  await store.get('pods', put(1).name);
  expect(store.costs.get('get')).toEqual({ operations: 1, requests: 1, readUnits: 1, writeUnits: 0 });
});

it('takes one increment for a block of revisions', async () => {
  const store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'store' });
  await store.commit([{ op: 'put', type: 'pods', name: 'first', expect: 0, value: { bytes: Buffer.from('{}') } }]);
  const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
  const outcomes = await store.commitEach(
    names.map((name) => ({ op: 'put', type: 'pods', name, expect: 0, value: { bytes: Buffer.from('{}') } })),
  );
  expect(outcomes.map((outcome) => ('revision' in outcome ? outcome.revision : outcome))).toEqual(
    names.map((_, i) => i + 2),
  );
  expect(store.costs.get('commitEach')?.requests).toBe(names.length + 1);
});
