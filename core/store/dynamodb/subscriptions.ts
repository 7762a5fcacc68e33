// Subscriptions in the table, beside the logs: one item a connection, all in one partition, so that one query finds who is to be told.

import { parseJson } from '../../machinery/json.ts';
import type { TypeName } from '../store.ts';
import type { Subscriptions } from '../subscriptions.ts';
import type { DynamoCalls } from './calls.ts';
import { integer, type Key, number, text } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';
import { collectedAtAttribute } from './table.ts';

const budgetMs = 3_000;
const partition = { S: 'subscriptions' };

export function tableSubscriptions(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Subscriptions {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const begin = () => requests.begin('subscription');
  return {
    async put(connection, types, untilMs) {
      const Item = {
        ...keyOf(connection),
        y: { S: JSON.stringify(types) },
        u: number(untilMs),
        [collectedAtAttribute]: number(Math.ceil(untilMs / 1000)),
      };
      await requests.repeat(begin(), 'write', () =>
        calls.putItem({ TableName: table, Item, ReturnConsumedCapacity: 'TOTAL' }),
      );
    },
    async drop(connection) {
      await requests.repeat(begin(), 'write', () =>
        calls.deleteItem({ TableName: table, Key: keyOf(connection), ReturnConsumedCapacity: 'TOTAL' }),
      );
    },
    async of(types) {
      const found = new Map<string, readonly TypeName[]>();
      const query = { KeyConditionExpression: 'p = :p', ExpressionAttributeValues: { ':p': partition } };
      for await (const page of requests.query(begin(), query))
        for (const { s, y, u } of page) {
          if (integer(u) <= surroundings.now()) continue;
          const wanted = typesIn(text(y)).filter((type) => types.has(type));
          if (wanted.length > 0) found.set(text(s), wanted);
        }
      return found;
    },
  };
}

function keyOf(connection: string): Key {
  return { p: partition, s: { S: connection } };
}

function typesIn(said: string): TypeName[] {
  const value = parseJson(said);
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
