// Node heartbeats in the table, beside the logs: one item a node, whose time only rises, and in it what the node uses (D5): a write
// is charged by the kilobyte, so what fits into the first costs nothing.

import type { Heartbeats } from '../heartbeats.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { type DynamoItem, integer, text } from './items.ts';

const partition = 'heartbeats';
const keyOf = (node: string) => ({ p: { S: partition }, s: { S: node } });

/** A beat that is refused or lost is an error to the caller; the next one makes it good. */
export function tableHeartbeats(calls: DynamoCalls, table: string): Heartbeats {
  /** Eventually consistent, at half the price. What an item is charged does not depend on which of its attributes are asked for. */
  async function* items(attributes: string): AsyncGenerator<DynamoItem> {
    const query = {
      TableName: table,
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S: partition } },
      ProjectionExpression: attributes,
    };
    let page = await calls.query(query);
    for (;;) {
      yield* page.Items ?? [];
      if (!page.LastEvaluatedKey) return;
      page = await calls.query({ ...query, ExclusiveStartKey: page.LastEvaluatedKey });
    }
  }
  return {
    async beat(node, atMs, usage) {
      try {
        await calls.updateItem({
          TableName: table,
          Key: keyOf(node),
          UpdateExpression: usage ? 'SET m = :at, u = :usage' : 'SET m = :at',
          ConditionExpression: 'attribute_not_exists(m) OR m < :at',
          ExpressionAttributeValues: { ':at': { N: String(atMs) }, ...(usage && { ':usage': { B: usage } }) },
        });
      } catch (error) {
        // A newer beat is there already.
        if (meaningOf(error) !== 'condition') throw error;
      }
    },
    async all() {
      const beats = new Map<string, number>();
      for await (const { s, m } of items('s, m')) beats.set(text(s), integer(m));
      return beats;
    },
    async usages() {
      const usages = new Map<string, Uint8Array>();
      for await (const { s, u } of items('s, u')) if (u?.B) usages.set(text(s), u.B);
      return usages;
    },
    async forget(node) {
      await calls.deleteItem({ TableName: table, Key: keyOf(node) });
    },
  };
}
