import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { storeContract } from '../contract.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { memoryLargeValues } from './testing/large-values.ts';

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
  { failuresTakeRevisions: true },
);
