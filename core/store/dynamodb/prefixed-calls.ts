// Part of a table as a table of its own: all keys are put behind a prefix on the way in, and come without it on the way out. Whoever has
// these calls can name no item outside, whatever it asks for: that is what keeps clusters of one table apart.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { getOwn } from '../../machinery/own.ts';
import type { DynamoCalls } from './calls.ts';

type Item = Record<string, AttributeValue>;
type Values = Record<string, AttributeValue>;

interface Query {
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeValues?: Values | undefined;
  readonly ExclusiveStartKey?: Item | undefined;
}

/** The hash keys of the table and of its index (table.ts). */
const hashKeys = ['p', 'g'] as const;
/** A query names its partition first. */
const partitionOfQuery = /^[pg] = (:\w+)(?: |$)/;

export function prefixedCalls(calls: DynamoCalls, prefix: string): DynamoCalls {
  const put = (value: AttributeValue | undefined): AttributeValue => {
    if (value?.S === undefined) throw new Error('a request to the table names no partition');
    return { S: prefix + value.S };
  };
  /** A copy: what is sent may be sent again. */
  const inside = (item: Item | undefined): Item => {
    const made: Item = { ...item, p: put(item?.['p']) };
    if (item?.['g']) made['g'] = put(item['g']);
    return made;
  };
  /** A copy: a model's answers are its own items. */
  const outside = <T extends Item | undefined>(item: T): T => {
    if (!item) return item;
    const made: Item = { ...item };
    for (const key of hashKeys) {
      const value = made[key]?.S;
      if (value === undefined) continue;
      if (!value.startsWith(prefix)) throw new Error('the table answered with an item of another part of it');
      made[key] = { S: value.slice(prefix.length) };
    }
    return made as T; // as: with the attributes that it had
  };
  const query = <T extends Query>(input: T): T => {
    const [, name] = partitionOfQuery.exec(input.KeyConditionExpression ?? '') ?? [];
    if (name === undefined) throw new Error('a query of the table names no partition');
    return {
      ...input,
      ExpressionAttributeValues: {
        ...input.ExpressionAttributeValues,
        [name]: put(getOwn(input.ExpressionAttributeValues ?? {}, name)),
      },
      ...(input.ExclusiveStartKey && { ExclusiveStartKey: inside(input.ExclusiveStartKey) }),
    };
  };
  /** What a failed condition met is known by its sort key: it stays as it came. */
  const answered = async <T extends { Item?: Item | undefined; Attributes?: Item | undefined }>(
    asked: Promise<T>,
  ): Promise<T> => {
    const answer = await asked;
    return {
      ...answer,
      ...(answer.Item && { Item: outside(answer.Item) }),
      ...(answer.Attributes && { Attributes: outside(answer.Attributes) }),
    };
  };
  return {
    getItem: (input) => answered(calls.getItem({ ...input, Key: inside(input.Key) })),
    updateItem: (input) => answered(calls.updateItem({ ...input, Key: inside(input.Key) })),
    putItem: (input) => answered(calls.putItem({ ...input, Item: inside(input.Item) })),
    deleteItem: (input) => answered(calls.deleteItem({ ...input, Key: inside(input.Key) })),
    async batchGetItem(input) {
      const asked = Object.entries(input.RequestItems ?? {}).map(([table, { Keys = [], ...more }]) => [
        table,
        { ...more, Keys: Keys.map(inside) },
      ]);
      const { Responses, UnprocessedKeys, ...answer } = await calls.batchGetItem({
        ...input,
        RequestItems: Object.fromEntries(asked),
      });
      const found = Object.entries(Responses ?? {}).map(([table, items]) => [table, items.map(outside)]);
      const left = Object.entries(UnprocessedKeys ?? {}).map(([table, { Keys, ...more }]) => [
        table,
        { ...more, Keys: Keys?.map(outside) },
      ]);
      return { ...answer, Responses: Object.fromEntries(found), UnprocessedKeys: Object.fromEntries(left) };
    },
    async query(input) {
      const { Items, LastEvaluatedKey, ...answer } = await calls.query(query(input));
      return {
        ...answer,
        ...(Items && { Items: Items.map(outside) }),
        ...(LastEvaluatedKey && { LastEvaluatedKey: outside(LastEvaluatedKey) }),
      };
    },
    transactWriteItems: (input) =>
      calls.transactWriteItems({
        ...input,
        TransactItems: input.TransactItems?.map(({ Put, Update, Delete, ConditionCheck }) => ({
          ...(Put && { Put: { ...Put, Item: inside(Put.Item) } }),
          ...(Update && { Update: { ...Update, Key: inside(Update.Key) } }),
          ...(Delete && { Delete: { ...Delete, Key: inside(Delete.Key) } }),
          ...(ConditionCheck && { ConditionCheck: { ...ConditionCheck, Key: inside(ConditionCheck.Key) } }),
        })),
      }),
  };
}
