// What was noted of workers and of what is due, for whoever looks through all of it.

import type { Due, DueWakes } from '../wakes.ts';
import type { DynamoCalls } from './calls.ts';
import { type DynamoItem, integer, number, text } from './items.ts';
import type { RetryEnvironment } from './requests.ts';
import { duePartition, wakePartition } from './table.ts';
import { bucketAt, callOf, dueKeyOf, itself, optional, wakeRequests } from './wakes.ts';

export function tableDueWakes(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): DueWakes {
  const { requests, update, unless } = wakeRequests(calls, table, surroundings);
  const { now } = surroundings;
  /** Half the price: what is a moment old will do. */
  async function* partition(S: string): AsyncGenerator<DynamoItem> {
    const query = {
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S } },
      ConsistentRead: false,
    };
    for await (const page of requests.query(requests.begin('wake'), query)) yield* page;
  }

  return {
    async noted(worker) {
      const found = [];
      for await (const { s, n, d, u, c } of partition(wakePartition(worker)))
        found.push({
          ...{ worker, part: text(s) === itself ? '' : text(s) },
          forgotten: optional(n) > optional(d) && optional(u) <= now() && callOf(c).bucket < bucketAt(now()) - 1,
        });
      return found;
    },
    async due() {
      const found: Due[] = [];
      for await (const { s, d } of partition(duePartition)) {
        const [worker = '', part = ''] = text(s).split('/');
        found.push({ worker, part, at: integer(d) });
      }
      return found;
    },
    async touch(due) {
      const values = { ':at': number(due.at), ':one': number(1) };
      await unless<unknown>(update(dueKeyOf(due), 'ADD h :one', values, { condition: 'd = :at' }), () => undefined);
    },
    async done(due) {
      await unless<unknown>(
        requests.repeat(requests.begin('wake'), 'write', () =>
          calls.deleteItem({
            TableName: table,
            Key: dueKeyOf(due),
            ConditionExpression: 'd = :at',
            ExpressionAttributeValues: { ':at': number(due.at) },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
        () => undefined,
      );
    },
  };
}
