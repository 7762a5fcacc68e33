// How much a hosted cluster holds: one item, which every write changes by what it adds. A write is counted before it is made, on the condition
// that it fits: however many write at the same time, no more is stored than was allowed.

import type { Usage } from '../bounded-store.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { integer, type Key, number } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';

export const usagePartition = 'usage';

const key: Key = { p: { S: usagePartition }, s: { S: 'all' } };
const budgetMs = 5_000;

export function tableUsage(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Usage {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const change = (bytes: number, objects: number, condition: object = {}) =>
    calls.updateItem({
      TableName: table,
      Key: key,
      UpdateExpression: 'ADD b :bytes, n :objects',
      ReturnConsumedCapacity: 'TOTAL',
      ...condition,
      ExpressionAttributeValues: {
        ':bytes': number(bytes),
        ':objects': number(objects),
        ...(condition as { ExpressionAttributeValues?: object }).ExpressionAttributeValues,
      },
    });
  return {
    async read() {
      const item = await requests.get(requests.begin('usage'), key);
      return { bytes: integer(item?.['b']), objects: integer(item?.['n']) };
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
        await requests.repeat(call, 'write', () => change(bytes, objects, condition));
        return true;
      } catch (error) {
        if (meaningOf(error) === 'condition') return false;
        throw error;
      }
    },
    async release({ bytes, objects }) {
      // Once: twice would be room that is not there.
      await requests.once(requests.begin('usage'), 'write', () => change(-bytes, -objects));
    },
  };
}
