import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { startDynamoServer } from '../../../test/aws/harness/dynamo-server.ts';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { type Endpoint, openDynamoDb, whyNoDynamoDb } from '../../../test/simulation/model/dynamodb-local.ts';
import { makeTable } from '../../../test/simulation/model/made-table.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { createJsonService } from '../../signature/json-service.ts';
import { storeContract } from '../contract.ts';
import { serviceCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { sdkCalls } from './sdk-calls.ts';
import { memoryLargeValues } from './testing/large-values.ts';

const options = { failuresTakeRevisions: true };

storeContract(
  'DynamoDB, on the model',
  async () => {
    const calls = modelCalls(new ModelTable(Date.now));
    const store = openDynamoStore({ calls, table: 'store', large: memoryLargeValues(), budgetMs: 60_000 });
    return {
      store,
      expire: async (nowSeconds) => {
        await store.expire(nowSeconds);
      },
      dispose: () => store.close(),
    };
  },
  options,
);

storeContract(
  'DynamoDB, on the model behind its protocol',
  async () => {
    const server = await startDynamoServer('127.0.0.1');
    const env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_DYNAMODB: server.url,
    };
    const service = createJsonService({ service: 'dynamodb', env, answerMs: 4000 });
    const store = openDynamoStore({
      calls: serviceCalls(service),
      table: 'store',
      large: memoryLargeValues(),
      budgetMs: 60_000,
    });
    return {
      store,
      expire: async (nowSeconds) => {
        await store.expire(nowSeconds);
      },
      dispose: async () => {
        await store.close();
        service.close();
        await server.close();
      },
    };
  },
  options,
);

storeContract(
  "DynamoDB, on the model behind its protocol, through AWS's own client",
  async () => {
    const server = await startDynamoServer('127.0.0.1');
    const client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: server.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    const store = openDynamoStore({
      calls: sdkCalls(client),
      table: 'store',
      large: memoryLargeValues(),
      budgetMs: 60_000,
    });
    return {
      store,
      expire: async (nowSeconds) => {
        await store.expire(nowSeconds);
      },
      dispose: async () => {
        await store.close();
        client.destroy();
        await server.close();
      },
    };
  },
  options,
);

describe.skipIf(whyNoDynamoDb())('with a real DynamoDB', () => {
  // Over the network, and slow where an emulator shares a machine.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  let endpoint: Endpoint;
  beforeAll(async () => {
    endpoint = await openDynamoDb();
  }, 120_000);
  afterAll(() => endpoint?.stop());

  storeContract(
    'DynamoDB',
    async () => {
      const table = await makeTable(endpoint.client);
      const calls = serviceCalls(endpoint.service);
      const store = openDynamoStore({ calls, table: table.name, large: memoryLargeValues(), budgetMs: 60_000 });
      return {
        store,
        expire: async (nowSeconds) => {
          await store.expire(nowSeconds);
        },
        dispose: async () => {
          await store.close();
          await table.remove();
        },
      };
    },
    options,
  );
});
