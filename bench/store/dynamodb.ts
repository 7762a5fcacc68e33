// What the store costs on DynamoDB, counted on the model of its table: requests and request units of each operation, their price,
// and how many of them a type carries in a second.

import { createReplicas } from '../../core/replica/replicas.ts';
import { openDynamoStore } from '../../core/store/dynamodb/dynamodb-store.ts';
import type { Put } from '../../core/store/store.ts';
import { modelCalls } from '../../test/simulation/model/calls.ts';
import { ModelTable } from '../../test/simulation/model/table.ts';
import type { Row } from './row.ts';
import { samplePod } from './sample-pod.ts';

/** What one key takes in a second: a counter's increments cost one unit each. */
const writesPerKey = 1000;
/** Dollars for a million request units (us-east-1, on demand). */
const price = { write: 0.625, read: 0.125 };

interface Spent {
  requests: number;
  reads: number;
  writes: number;
}

export async function dynamodbCosts(): Promise<Row[]> {
  const store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'bench' });
  const total = (): Spent => {
    const sum = { requests: 0, reads: 0, writes: 0 };
    for (const { requests, readUnits, writeUnits } of store.costs.values()) {
      sum.requests += requests;
      sum.reads += readUnits;
      sum.writes += writeUnits;
    }
    return sum;
  };
  const rows: Row[] = [];
  const measured = async (what: string, work: () => Promise<unknown>, count = 1, goal = ''): Promise<void> => {
    const before = total();
    await work();
    const after = total();
    const [requests, reads, writes] = [
      (after.requests - before.requests) / count,
      (after.reads - before.reads) / count,
      (after.writes - before.writes) / count,
    ];
    const dollars = writes * price.write + reads * price.read;
    const value = `${round(requests)} requests, ${round(writes)} WRU, ${round(reads)} RRU, $${dollars.toFixed(2)} a million`;
    rows.push({ what: `DynamoDB: ${what}`, value, goal });
  };
  const put = (i: number, expect: Put['expect'], phase?: 'Pending' | 'Running'): Put => {
    const { name, ...value } = samplePod(i, phase);
    return { op: 'put', type: 'pods', name, expect, value };
  };
  const commit = async (write: Put) => (await store.commit([write]))[0]?.revision ?? 0;

  await commit(put(0, 0));
  const size = samplePod(1).bytes.length;
  let revision = 0;
  await measured(
    `create of a pod of ${size} bytes`,
    async () => {
      revision = await commit(put(1, 0));
    },
    1,
    'at most 2 requests',
  );
  await measured('update', async () => {
    revision = await commit(put(1, revision));
  });
  await measured(`status update to ${samplePod(1, 'Running').bytes.length} bytes`, async () => {
    revision = await commit(put(1, revision, 'Running'));
  });
  const { name } = samplePod(1);
  await measured('delete, with the last state at hand', () => {
    const { name: _, ...value } = samplePod(1, 'Running');
    return store.commit([{ op: 'delete', type: 'pods', name, expect: revision, value }]);
  });
  await measured('conflict of a create', () => commit(put(0, 0)).catch(() => {}));
  const block = Array.from({ length: 100 }, (_, i) => put(1000 + i, 0));
  await measured('create, in a block of 100', () => store.commitEach(block), block.length);
  for (let i = 0; i < 899; i += 100)
    await store.commitEach(Array.from({ length: Math.min(100, 899 - i) }, (_, k) => put(2000 + i + k, 0, 'Running')));
  await store.compact('pods', await store.head('pods'));
  await measured('cold list of 1,000', () => store.list('pods'));
  const replicas = createReplicas(store);
  const replica = await replicas.of('pods');
  await measured('warm list of 1,000, nothing new', () => replica.catchUp());
  await commit(put(5000, 0));
  await measured('warm list of 1,001, one new', () => replica.catchUp());
  await measured('idle watch for a minute, asking every second', async () => {
    for (let second = 0; second < 60; second++) await replica.catchUp();
  });
  replicas.close();
  rows.push(
    { what: 'DynamoDB: ceiling per type, single commits/s', value: String(writesPerKey), goal: '' },
    {
      what: '  in blocks of 100, by the counter',
      value: `${writesPerKey * 100} (the log's and the objects' partitions come first: 1,000 WRU/s each, split under load)`,
      goal: '',
    },
  );
  return rows;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
