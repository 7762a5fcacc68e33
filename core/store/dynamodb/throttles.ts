// The calls; `onThrottled` is called when DynamoDB refuses one because of too many requests, alone or within a transaction.

import { AwsError } from '../../signature/json-service.ts';
import { type DynamoCalls, reasonsOf } from './calls.ts';

const refusals = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded']);
const reasons = new Set<string | undefined>(['ProvisionedThroughputExceeded', 'ThrottlingError']);

export function reportThrottles(calls: DynamoCalls, onThrottled: () => void): DynamoCalls {
  const reporting =
    <Input, Output>(call: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      try {
        return await call(input);
      } catch (error) {
        if (isThrottle(error)) onThrottled();
        throw error;
      }
    };
  return {
    getItem: reporting(calls.getItem),
    batchGetItem: reporting(calls.batchGetItem),
    query: reporting(calls.query),
    updateItem: reporting(calls.updateItem),
    putItem: reporting(calls.putItem),
    deleteItem: reporting(calls.deleteItem),
    transactWriteItems: reporting(calls.transactWriteItems),
  };
}

function isThrottle(error: unknown): boolean {
  if (!(error instanceof AwsError)) return false;
  return refusals.has(error.name) || reasonsOf(error).some(({ Code }) => reasons.has(Code));
}
