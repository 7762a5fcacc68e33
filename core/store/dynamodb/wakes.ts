// Notes of who has something to do, in the table: an item for each, those of a worker in one partition, and all that are due in another.

import { randomUUID } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../signature/json-service.ts';
import { callingMs, type Wakes, type Woken, workingMs } from '../wakes.ts';
import { type DynamoCalls, existingItem } from './calls.ts';
import { meaningOf } from './failures.ts';
import { type DynamoItem, integer, number } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';
import { duePartition, wakePartition } from './table.ts';

const budgetMs = 3_000;
/** Sort keys are never empty. */
export const itself = '-';

/** What was woken until then was seen, and whoever notes next calls. */
const released = 'SET d = :seen REMOVE u, o, c';

const keyOf = ({ worker, part }: Woken) => ({ p: { S: wakePartition(worker) }, s: { S: part || itself } });
export const dueKeyOf = ({ worker, part }: Woken) => ({ p: { S: duePartition }, s: { S: `${worker}/${part}` } });

/** What is written and read of notes. */
export function wakeRequests(calls: DynamoCalls, table: string, surroundings: RetryEnvironment) {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  /** May happen twice: a wake-up in vain costs one look. */
  const update = async (
    Key: DynamoItem,
    UpdateExpression: string,
    values: Readonly<Record<string, AttributeValue>>,
    more: { readonly condition?: string; readonly returns?: 'ALL_OLD' | 'ALL_NEW' } = {},
  ): Promise<DynamoItem> => {
    const { Attributes } = await requests.repeat(requests.begin('wake'), 'write', () =>
      calls.updateItem({
        TableName: table,
        Key,
        UpdateExpression,
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
        ...(more.condition && {
          ConditionExpression: more.condition,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
        }),
        ...(more.returns && { ReturnValues: more.returns }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    return Attributes ?? {};
  };
  /** What stands there instead, where the condition does not hold. */
  const unless = async <T>(work: Promise<T>, otherwise: (found: DynamoItem) => T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (meaningOf(error) !== 'condition') throw error;
      return otherwise((error instanceof AwsError && existingItem(error)) || {});
    }
  };
  return { requests, update, unless };
}

export function bucketAt(ms: number): number {
  return Math.floor(ms / callingMs);
}

export function tableWakes(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Wakes {
  const { requests, update, unless } = wakeRequests(calls, table, surroundings);
  const { now } = surroundings;
  const callBucket = () => bucketAt(now());

  return {
    async note(woken) {
      // Its answer may be lost, and then it finds its own name.
      const call = { bucket: callBucket(), id: randomUUID() };
      const { u, c } = await update(
        keyOf(woken),
        'SET c = :call ADD n :one',
        { ':call': { S: `${call.bucket}/${call.id}` }, ':one': number(1) },
        { returns: 'ALL_OLD' },
      );
      const before = callOf(c);
      return optional(u) <= now() && (before.bucket !== call.bucket || before.id === call.id);
    },
    async begin(woken, id) {
      const values = {
        ':until': number(now() + workingMs),
        ':id': { S: id },
        ':now': number(now()),
        ':none': number(0),
      };
      const condition = 'attribute_not_exists(u) OR u < :now OR o = :id';
      const expression = 'SET u = :until, o = :id, n = if_not_exists(n, :none)';
      const work = update(keyOf(woken), expression, values, { condition, returns: 'ALL_NEW' });
      return unless<number | undefined>(
        work.then(({ n }) => optional(n)),
        () => undefined,
      );
    },
    async goOn(woken, id) {
      const values = { ':until': number(now() + workingMs), ':id': { S: id } };
      await unless<unknown>(update(keyOf(woken), 'SET u = :until', values, { condition: 'o = :id' }), () => undefined);
    },
    async end(woken, id, seen) {
      const values = { ':id': { S: id }, ':seen': number(seen) };
      const work = update(keyOf(woken), released, values, { condition: 'o = :id AND n = :seen' });
      return unless<number | undefined>(
        work.then(() => undefined),
        // Another has begun, who counted this one as dead: it looks.
        ({ o, n }) => (o?.S === id ? optional(n) : undefined),
      );
    },
    async stop(woken, id, seen) {
      const values = { ':id': { S: id }, ':seen': number(seen) };
      const work = update(keyOf(woken), released, values, { condition: 'o = :id' });
      await unless<unknown>(work, () => undefined);
    },
    async forget(woken) {
      await requests.repeat(requests.begin('wake'), 'write', () =>
        calls.deleteItem({ TableName: table, Key: keyOf(woken), ReturnConsumedCapacity: 'TOTAL' }),
      );
    },
    async wakeAt(woken, at) {
      const Item = { ...dueKeyOf(woken), d: number(at) };
      await unless<unknown>(
        requests.repeat(requests.begin('wake'), 'write', () =>
          calls.putItem({
            TableName: table,
            Item,
            // What is due sooner wakes it too, and then it says again what is due.
            ConditionExpression: 'attribute_not_exists(d) OR d > :at OR d < :now',
            ExpressionAttributeValues: { ':at': number(at), ':now': number(now()) },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
        () => undefined,
      );
    },
  };
}

export function optional(value: AttributeValue | undefined): number {
  return value === undefined ? 0 : integer(value);
}

export function callOf(value: AttributeValue | undefined): {
  readonly bucket: number;
  readonly id: string | undefined;
} {
  const [bucket = 0, id] = value?.S?.split('/') ?? [];
  return { bucket: Number(bucket), id };
}
