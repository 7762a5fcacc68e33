// Rules of the protocol, dropped one at a time by rewriting what a process sends. Each must be found: a checker that lets one pass
// would let the fault pass too.

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import { isTombstoneOf } from '../../../core/store/dynamodb/conditions.ts';
import { integer, number, slotSortKey } from '../../../core/store/dynamodb/items.ts';
import type { ModelItem } from '../model/expressions.ts';

export type Mutation = (calls: DynamoCalls) => DynamoCalls;

const isFence = (item: ModelItem | undefined) => item?.['k']?.S === 'f';
const isObject = (item: ModelItem | undefined) => item?.['r'] !== undefined;
const isTombstone = (item: ModelItem | undefined) => item?.['d'] !== undefined;

/** Rewrites each action of a transaction. */
const rewriting =
  (rewrite: (action: TransactWriteItem) => TransactWriteItem): Mutation =>
  (calls) => ({
    ...calls,
    transactWriteItems: ({ TransactItems = [], ...rest }) =>
      calls.transactWriteItems({ ...rest, TransactItems: TransactItems.map(rewrite) }),
  });

/** Rewrites the condition of the puts that `applies` picks. */
const withCondition = (applies: (item: ModelItem | undefined) => boolean, change: (expression: string) => string) =>
  rewriting(({ Put, ...others }) => {
    if (!Put) return others;
    const { ConditionExpression = '', ...rest } = Put;
    const expression = applies(Put.Item) ? change(ConditionExpression) : ConditionExpression;
    return { Put: { ...rest, ...(expression !== '' && { ConditionExpression: expression }) } };
  });

export const mutations: Readonly<Record<string, Mutation>> = {
  'a fence that is skipped': (calls) => ({
    ...calls,
    putItem: async (input) => (isFence(input.Item) ? {} : calls.putItem(input)),
  }),

  'no condition on the object': withCondition(isObject, () => ''),

  'no condition that revisions of a key rise': withCondition(isObject, (expression) =>
    expression.replace(' AND r < :revision', ''),
  ),

  'no condition on the slot of the log': withCondition(
    (item) => !isObject(item),
    () => '',
  ),

  'a delete without a tombstone': rewriting((action) => {
    const { Put } = action;
    if (!Put || !isTombstone(Put.Item)) return action;
    const { Item: { p, s } = {}, ...rest } = Put;
    return p && s ? { Delete: { ...rest, Key: { p, s } } } : action;
  }),

  'a tombstone that is collected above the settled mark': (calls) => ({
    ...calls,
    async transactWriteItems(input) {
      const answer = await calls.transactWriteItems(input);
      for (const { Put } of input.TransactItems ?? []) {
        const { p, s, r } = Put?.Item ?? {};
        if (!isTombstone(Put?.Item) || !p || !s) continue;
        // Whether it is still there does not matter here.
        calls
          .deleteItem({
            TableName: input.TransactItems?.[0]?.Put?.TableName,
            Key: { p, s },
            ...isTombstoneOf(integer(r)),
          })
          .catch(() => {});
      }
      return answer;
    },
  }),

  'an answer before the commit': (calls) => ({
    ...calls,
    async transactWriteItems(input) {
      calls.transactWriteItems(input).catch(() => {});
      return {};
    },
  }),

  'a log that is read past its gaps': (calls) => ({
    ...calls,
    async query(input) {
      const answer = await calls.query(input);
      const { ':p': p, ':from': from, ':to': to } = input.ExpressionAttributeValues ?? {};
      if (!p?.S?.startsWith('log#')) return answer;
      const found = new Map((answer.Items ?? []).map((item) => [item['s']?.S, item]));
      const Items: ModelItem[] = [];
      for (let revision = Number(from?.S); revision <= Number(to?.S); revision++) {
        const s = slotSortKey(revision);
        Items.push(found.get(s) ?? { p, s: { S: s }, k: { S: 'f' }, a: number(0) });
      }
      return { ...answer, Items };
    },
  }),
};
