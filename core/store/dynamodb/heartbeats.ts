// Node heartbeats in the table, beside the logs: one item a node, whose time only rises (D5).

import type { Heartbeats } from '../heartbeats.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';

const partition = 'heartbeats';
const keyOf = (node: string) => ({ p: { S: partition }, s: { S: node } });

/** A beat that is refused or lost is an error to the caller; the next one makes it good. */
export function tableHeartbeats(calls: DynamoCalls, table: string): Heartbeats {
  return {
    async beat(node, atMs) {
      try {
        await calls.updateItem({
          TableName: table,
          Key: keyOf(node),
          UpdateExpression: 'SET m = :at',
          ConditionExpression: 'attribute_not_exists(m) OR m < :at',
          ExpressionAttributeValues: { ':at': { N: String(atMs) } },
        });
      } catch (error) {
        // A newer beat is there already.
        if (meaningOf(error) !== 'condition') throw error;
      }
    },
    async all() {
      const beats = new Map<string, number>();
      const query = {
        TableName: table,
        KeyConditionExpression: 'p = :p',
        ExpressionAttributeValues: { ':p': { S: partition } },
      };
      let page = await calls.query(query);
      for (;;) {
        for (const { s, m } of page.Items ?? []) if (s?.S !== undefined) beats.set(s.S, Number(m?.N ?? 0));
        if (!page.LastEvaluatedKey) return beats;
        page = await calls.query({ ...query, ExclusiveStartKey: page.LastEvaluatedKey });
      }
    },
    async forget(node) {
      await calls.deleteItem({ TableName: table, Key: keyOf(node) });
    },
  };
}
