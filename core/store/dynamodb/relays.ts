// Relays in the table, beside the logs: one partition a stream, collected by DynamoDB's TTL, which costs nothing.

import type { RelayBatch, RelayDirection, RelayKey, RelayState, Relays } from '../relays.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { type DynamoItem, integer, type Key, number, text } from './items.ts';
import { type Call, Requests, type RetryEnvironment } from './requests.ts';
import { collectedAtAttribute } from './table.ts';

/** How long what is stored stays at least, in seconds: longer than any stream. */
const keptSeconds = 3600;
const budgetMs = 3_000;
const digits = 9;

export function tableRelays(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Relays {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const collectedAt = () => number(Math.floor(surroundings.now() / 1000) + keptSeconds);
  const write = <T extends object>(send: () => Promise<T>): Promise<T> =>
    requests.repeat(requests.begin('relay'), 'write', send);
  const read = (): Call => requests.begin('relay');
  return {
    async note(key, { untilMs, taken, sent }) {
      await write(() =>
        calls.updateItem({
          TableName: table,
          Key: controlKey(key),
          UpdateExpression: `SET u = :until, k = :taken, f = :sent, ${collectedAtAttribute} = :collected`,
          ExpressionAttributeValues: {
            ':until': number(untilMs),
            ':taken': number(taken),
            ':sent': number(sent),
            ':collected': collectedAt(),
          },
        }),
      );
    },
    async close(key) {
      await write(() => calls.deleteItem({ TableName: table, Key: controlKey(key) }));
    },
    async enter(key, writer) {
      try {
        const { Attributes } = await write(() =>
          calls.updateItem({
            TableName: table,
            Key: controlKey(key),
            UpdateExpression: 'SET w = if_not_exists(w, :writer)',
            ConditionExpression: 'attribute_exists(p)',
            ExpressionAttributeValues: { ':writer': { S: writer } },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return Attributes && stateOf(Attributes);
      } catch (error) {
        if (meaningOf(error) === 'condition') return undefined;
        throw error;
      }
    },
    async look(key) {
      const item = await requests.get(read(), controlKey(key));
      return item && stateOf(item);
    },
    async put(key, direction, { batch, bytes, end }) {
      const Item = {
        p: { S: partitionOf(key) },
        s: { S: sortKey(direction, batch) },
        v: { B: bytes },
        [collectedAtAttribute]: collectedAt(),
        ...(end && { e: { BOOL: true } }),
      };
      await write(() => calls.putItem({ TableName: table, Item }));
    },
    async after(key, direction, batch) {
      const input = {
        KeyConditionExpression: 'p = :p AND s BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':p': { S: partitionOf(key) },
          ':from': { S: sortKey(direction, batch + 1) },
          ':to': { S: sortKey(direction, 10 ** digits - 1) },
        },
      };
      // One page: the reader comes again.
      for await (const page of requests.query(read(), input)) return page.map(batchOf);
      return [];
    },
  };
}

/** A node's name and an id hold no `#`. */
function partitionOf({ node, id }: RelayKey): string {
  return `relay#${node}#${id}`;
}

function controlKey(key: RelayKey): Key {
  return { p: { S: partitionOf(key) }, s: { S: 'control' } };
}

function sortKey(direction: RelayDirection, batch: number): string {
  return `${direction}#${String(batch).padStart(digits, '0')}`;
}

function stateOf(item: DynamoItem): RelayState {
  return {
    writer: item['w']?.S,
    untilMs: integer(item['u']),
    taken: integer(item['k']),
    sent: integer(item['f']),
  };
}

function batchOf(item: DynamoItem): RelayBatch {
  return {
    batch: Number(text(item['s']).split('#')[1]),
    bytes: item['v']?.B ?? new Uint8Array(0),
    end: item['e']?.BOOL ?? false,
  };
}
