// How much a hosted cluster holds: one item, which every write changes by what it adds. A write is counted before it is made, on the condition
// that it fits: however many write at the same time, no more is stored than was allowed.

import type { Amount, Usage } from '../bounded-store.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { integer, type Key, number } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';

export const usagePartition = 'usage';

const key: Key = { p: { S: usagePartition }, s: { S: 'all' } };
interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Record<string, ReturnType<typeof number>>;
}

const budgetMs = 5_000;

export function tableUsage(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Usage {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const change = ({ bytes, objects }: Amount, { ExpressionAttributeValues, ...condition }: Condition = {}) =>
    calls.updateItem({
      TableName: table,
      Key: key,
      UpdateExpression: 'ADD b :bytes, n :objects',
      ...condition,
      ExpressionAttributeValues: { ':bytes': number(bytes), ':objects': number(objects), ...ExpressionAttributeValues },
      ReturnConsumedCapacity: 'TOTAL',
    });
  return {
    async read() {
      const item = await requests.get(requests.begin('usage'), key);
      return { bytes: integer(item?.['b']), objects: integer(item?.['n']) };
    },
    async set({ bytes, objects }) {
      const Item = { ...key, b: number(bytes), n: number(objects) };
      await requests.repeat(requests.begin('usage'), 'write', () =>
        calls.putItem({ TableName: table, Item, ReturnConsumedCapacity: 'TOTAL' }),
      );
    },
    async reserve({ bytes, objects }, most) {
      const call = requests.begin('usage');
      const condition = {
        ConditionExpression: 'attribute_not_exists(b) OR (b <= :bytesLeft AND n <= :objectsLeft)',
        ExpressionAttributeValues: {
          ':bytesLeft': number(most.bytes - bytes),
          ':objectsLeft': number(most.objects - objects),
        },
      };
      try {
        // Where an answer is lost it is counted twice: rather that than not at all.
        await requests.repeat(call, 'write', () => change({ bytes, objects }, condition));
        return true;
      } catch (error) {
        if (meaningOf(error) === 'condition') return false;
        throw error;
      }
    },
    async release({ bytes, objects }) {
      // Once: twice would be room that is not there.
      await requests.once(requests.begin('usage'), 'write', () => change({ bytes: -bytes, objects: -objects }));
    },
  };
}
