// The model beside DynamoDB itself: the same requests, drawn at random, must be answered alike.

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../../core/signature/json-service.ts';
import { type DynamoCalls, existingItem, reasonsOf, serviceCalls } from '../../../core/store/dynamodb/calls.ts';
import {
  doesNotExist,
  existsAt,
  isAbsent,
  isAt,
  isTombstoneOf,
  markIsBelow,
  slotIsEmpty,
} from '../../../core/store/dynamodb/conditions.ts';
import { number } from '../../../core/store/dynamodb/items.ts';
import { Random } from '../random.ts';
import { modelCalls } from './calls.ts';
import { type Endpoint, openDynamoDb, whyNoDynamoDb } from './dynamodb-local.ts';
import type { ModelItem } from './expressions.ts';
import { type MadeTable, makeTable } from './made-table.ts';
import { ModelTable } from './table.ts';

const TableName = 'TABLE';
const common = { ReturnConsumedCapacity: 'TOTAL', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
type Ask = (calls: DynamoCalls, table: string) => Promise<unknown>;

describe.skipIf(whyNoDynamoDb())('the model and DynamoDB', () => {
  let endpoint: Endpoint;
  let table: MadeTable;
  beforeAll(async () => {
    endpoint = await openDynamoDb();
    table = await makeTable(endpoint.client);
  }, 120_000);
  afterAll(async () => {
    await table?.remove();
    await endpoint?.stop();
  });

  it('answer random requests alike', { timeout: 120_000 }, async () => {
    const random = new Random(11);
    const [real, model] = [serviceCalls(endpoint.service), modelCalls(new ModelTable(Date.now))];
    for (let i = 0; i < 1500; i++) {
      const [what, ask] = request(random);
      const [theirs, ours] = [await outcome(ask, real, table.name), await outcome(ask, model, table.name)];
      expect(ours, `request ${i}: ${what}`).toEqual(theirs);
    }
  });
});

/** What a request came to, as far as the engine looks at it. */
async function outcome(ask: Ask, calls: DynamoCalls, table: string): Promise<unknown> {
  try {
    return plain(await ask(calls, table));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const reasons = reasonsOf(error).map(({ Code, Item }) => ({ Code, item: plain(Item) }));
    return { name: error.name, Item: plain(existingItem(error)), reasons };
  }
}

/** Without the request's own data, undefined fields and the order of batch answers. */
function plain(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null) return answer;
  if (answer instanceof Uint8Array) return `${answer.length} bytes`;
  if (Array.isArray(answer)) return answer.map(plain);
  const kept = ['Item', 'Items', 'Attributes', 'LastEvaluatedKey', 'Responses'];
  // Not the capacity: DynamoDB Local leaves out reads of what is not there, and rounds transactions otherwise than AWS documents.
  const top = 'ConsumedCapacity' in answer || kept.some((name) => name in answer);
  const entries = Object.entries(answer).filter(
    ([name, value]) => value !== undefined && name !== '$metadata' && (!top || kept.includes(name)),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (name !== 'Responses') return [name, plain(value)];
      const items: unknown[] = Object.values(value).flatMap((each) => plain(each));
      return [name, items.map((item) => JSON.stringify(item, sorted)).sort()];
    }),
  );
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function request(random: Random): [string, Ask] {
  const kind = random.below(9);
  const key = keyOf(random);
  if (kind === 0) return ['get', (c, t) => c.getItem({ TableName: t, Key: key, ConsistentRead: true, ...common })];
  if (kind === 1) {
    const keys = new Map(Array.from({ length: 5 }, () => keyOf(random)).map((each) => [JSON.stringify(each), each]));
    const Keys = [...keys.values()];
    return ['batch', (c, t) => c.batchGetItem({ RequestItems: { [t]: { Keys, ConsistentRead: true } }, ...common })];
  }
  if (kind === 2) {
    const [from, to] = [random.below(10), random.below(10)].sort((a, b) => a - b);
    const Limit = random.chance(0.5) ? random.between(1, 5) : undefined;
    const values = { ':p': key['p'] ?? { S: '' }, ':from': { S: `s${from}` }, ':to': { S: `s${to}` } };
    const expression = 'p = :p AND s BETWEEN :from AND :to';
    return [
      `query ${from} to ${to}`,
      (c, t) =>
        c.query({
          TableName: t,
          KeyConditionExpression: expression,
          ExpressionAttributeValues: values,
          ConsistentRead: true,
          ...(Limit !== undefined && { Limit }),
          ...common,
        }),
    ];
  }
  if (kind === 3) {
    const values = { ':now': number(random.below(100)), ':count': number(random.between(1, 5)) };
    return [
      'increment',
      (c, t) =>
        c.updateItem({
          TableName: t,
          Key: { p: { S: 'head' }, s: key['s'] ?? { S: '' } },
          UpdateExpression: 'SET b = if_not_exists(b, :now) ADD h :count',
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
          ...common,
        }),
    ];
  }
  if (kind === 4) {
    const condition = markIsBelow('e', random.below(20));
    return [
      'mark',
      (c, t) =>
        c.updateItem({
          TableName: t,
          Key: { p: { S: 'head' }, s: key['s'] ?? { S: '' } },
          UpdateExpression: 'SET e = :revision',
          ...condition,
          ...common,
        }),
    ];
  }
  if (kind === 5) {
    const Item = itemOf(random);
    return ['put', (c, t) => c.putItem({ TableName: t, Item, ...slotIsEmpty, ...common })];
  }
  if (kind === 6) {
    const condition = isTombstoneOf(random.below(20));
    return ['delete', (c, t) => c.deleteItem({ TableName: t, Key: key, ...condition, ...common })];
  }
  const actions = new Map(
    Array.from({ length: random.between(1, 4) }, () => actionOf(random)).map((each) => [
      JSON.stringify(each.key),
      each,
    ]),
  );
  const items = (table: string) => [...actions.values()].map((each) => each.action(table));
  return [
    `transaction ${JSON.stringify(plain(items(TableName)))}`,
    (c, t) => c.transactWriteItems({ TransactItems: items(t), ReturnConsumedCapacity: 'TOTAL' }),
  ];
}

function actionOf(random: Random): { key: ModelItem; action: (table: string) => TransactWriteItem } {
  const [expected, revision] = [random.below(20), random.below(20)];
  const conditions = [isAt(expected, revision), isAbsent(revision), existsAt(expected), doesNotExist, slotIsEmpty];
  const all = { ...random.pick(conditions), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  const item = itemOf(random);
  const { p, s } = item;
  const Key = { p: p ?? { S: '' }, s: s ?? { S: '' } };
  if (random.chance(0.25)) return { key: Key, action: (t) => ({ ConditionCheck: { TableName: t, Key, ...all } }) };
  if (random.chance(0.2)) return { key: Key, action: (t) => ({ Delete: { TableName: t, Key, ...all } }) };
  return { key: Key, action: (t) => ({ Put: { TableName: t, Item: item, ...all } }) };
}

function itemOf(random: Random): ModelItem {
  const item: ModelItem = { ...keyOf(random), r: number(random.below(20)) };
  if (random.chance(0.3)) item['d'] = { BOOL: true };
  else item['v'] = { B: new Uint8Array(random.pick([0, 10, 900, 3000, 9000])).fill(7) };
  if (random.chance(0.2)) Object.assign(item, { g: { S: 'e1' }, x: number(random.below(1000)) });
  return item;
}

function keyOf(random: Random): ModelItem {
  return { p: { S: `p${random.below(3)}` }, s: { S: `s${random.below(10)}` } };
}
