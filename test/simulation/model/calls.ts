// The model's table as the engine's calls, without delays or faults: what the contract suite runs against.

import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import type { ModelTable } from './table.ts';

export function modelCalls(table: ModelTable): DynamoCalls {
  return {
    getItem: async (input) => table.getItem(input),
    batchGetItem: async (input) => table.batchGetItem(input),
    query: async (input) => table.query(input),
    updateItem: async (input) => table.updateItem(input),
    putItem: async (input) => table.putItem(input),
    deleteItem: async (input) => table.deleteItem(input),
    transactWriteItems: async (input) => table.transactWriteItems(input).answer,
  };
}
