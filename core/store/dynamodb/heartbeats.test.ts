import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDynamoServer } from '../../../test/aws/harness/dynamo-server.ts';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { type Endpoint, openDynamoDb, whyNoDynamoDb } from '../../../test/simulation/model/dynamodb-local.ts';
import { makeTable } from '../../../test/simulation/model/made-table.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { createJsonService } from '../../signature/json-service.ts';
import { heartbeatsContract } from '../contract/heartbeats.ts';
import { serviceCalls } from './calls.ts';
import { tableHeartbeats } from './heartbeats.ts';

const surroundings = {
  now: Date.now,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
};

heartbeatsContract('DynamoDB, on the model', async () => ({
  heartbeats: tableHeartbeats(modelCalls(new ModelTable(Date.now)), 'store', surroundings),
  dispose: async () => {},
}));

heartbeatsContract('DynamoDB, on the model behind its protocol', async () => {
  const server = await startDynamoServer('127.0.0.1');
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
  };
  const service = createJsonService({ service: 'dynamodb', env, answerMs: 4000 });
  return {
    heartbeats: tableHeartbeats(serviceCalls(service), 'store', surroundings),
    dispose: async () => {
      service.close();
      await server.close();
    },
  };
});

describe.skipIf(whyNoDynamoDb())('with a real DynamoDB', () => {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  let endpoint: Endpoint;
  beforeAll(async () => {
    endpoint = await openDynamoDb();
  }, 120_000);
  afterAll(() => endpoint?.stop());

  heartbeatsContract('DynamoDB', async () => {
    const table = await makeTable(endpoint.client);
    return {
      heartbeats: tableHeartbeats(serviceCalls(endpoint.service), table.name, surroundings),
      dispose: () => table.remove(),
    };
  });
});

it('costs one write unit a beat, with usage or without, while both fit into a kilobyte', async () => {
  const table = new ModelTable(Date.now);
  const charged: number[] = [];
  const calls = modelCalls(table);
  const heartbeats = tableHeartbeats(
    {
      ...calls,
      async updateItem(input) {
        const answer = await calls.updateItem(input);
        const { CapacityUnits = 0 } = answer.ConsumedCapacity ?? {};
        charged.push(CapacityUnits);
        return answer;
      },
    },
    'store',
    surroundings,
  );
  const node = 'ip-10-0-123-45.eu-central-1.compute.internal';
  await heartbeats.beat(node, 1000, new Uint8Array(940));
  await heartbeats.beat(node, 2000);
  expect(charged).toEqual([1, 1]);
  await heartbeats.beat(node, 3000, new Uint8Array(1500));
  expect(charged).toEqual([1, 1, 2]);
});

it('repeats a beat that was refused, or whose answer was lost, and what reads them', async () => {
  const calls = modelCalls(new ModelTable(Date.now));
  const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  const throttled = Object.assign(new Error('too many'), { name: 'ThrottlingException' });
  let failures: Error[] = [];
  const failing =
    <Input, Output>(call: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      const failure = failures.shift();
      if (failure === throttled) throw failure;
      const answer = await call(input);
      if (failure) throw failure;
      return answer;
    };
  const { updateItem, query, deleteItem } = calls;
  const heartbeats = tableHeartbeats(
    { ...calls, updateItem: failing(updateItem), query: failing(query), deleteItem: failing(deleteItem) },
    'store',
    surroundings,
  );
  failures = [throttled, lost];
  await heartbeats.beat('n1', 1000, Buffer.from('used'));
  failures = [lost, throttled];
  expect(await heartbeats.all()).toEqual(new Map([['n1', 1000]]));
  expect([...(await heartbeats.usages()).keys()]).toEqual(['n1']);
  failures = [lost];
  await heartbeats.forget('n1');
  expect(await heartbeats.all()).toEqual(new Map());
});
