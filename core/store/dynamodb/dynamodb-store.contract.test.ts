import { afterAll, beforeAll, describe, vi } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { type Endpoint, openDynamoDb, whyNoDynamoDb } from '../../../test/simulation/model/dynamodb-local.ts';
import { makeTable } from '../../../test/simulation/model/made-table.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { storeContract } from '../contract.ts';
import { clientCalls } from './calls.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { memoryLargeValues } from './testing/large-values.ts';

const options = { failuresTakeRevisions: true };

storeContract(
  'DynamoDB, on the model',
  async () => {
    const calls = modelCalls(new ModelTable(Date.now));
    const store = openDynamoStore({ calls, table: 'store', large: memoryLargeValues() });
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
      const calls = clientCalls(endpoint.client);
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
