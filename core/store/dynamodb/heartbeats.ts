// Node heartbeats in the table, beside the logs: one item a node, whose time only rises, and in it what the node uses (D5): a write
// is charged by the kilobyte, so what fits into the first costs nothing.

import type { Heartbeats } from '../heartbeats.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { type DynamoItem, integer, text } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';

const partition = 'heartbeats';
const keyOf = (node: string) => ({ p: { S: partition }, s: { S: node } });

/** A function that was frozen meets dead connections, and a beat stands before a node's report: it is repeated for so long. */
const budgetMs = 3_000;

export function tableHeartbeats(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Heartbeats {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  /** All of them may happen twice: times only rise. */
  const repeat = <T extends object>(kind: 'read' | 'write', send: () => Promise<T>): Promise<T> =>
    requests.repeat(requests.begin('heartbeat'), kind, send);
  /** Eventually consistent, at half the price. What an item is charged does not depend on which of its attributes are asked for. */
  async function* items(attributes: string): AsyncGenerator<DynamoItem> {
    const query = {
      TableName: table,
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S: partition } },
      ProjectionExpression: attributes,
    };
    let from: DynamoItem | undefined;
    do {
      const page = await repeat('read', () => calls.query({ ...query, ...(from && { ExclusiveStartKey: from }) }));
      yield* page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from);
  }
  return {
    async beat(node, atMs, usage) {
      try {
        await repeat('write', () =>
          calls.updateItem({
            TableName: table,
            Key: keyOf(node),
            UpdateExpression: usage ? 'SET m = :at, u = :usage' : 'SET m = :at',
            ConditionExpression: 'attribute_not_exists(m) OR m < :at',
            ExpressionAttributeValues: { ':at': { N: String(atMs) }, ...(usage && { ':usage': { B: usage } }) },
          }),
        );
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
      await repeat('write', () => calls.deleteItem({ TableName: table, Key: keyOf(node) }));
    },
  };
}
