// A DynamoDB table in memory: what each request does at the moment at which it takes effect. Delays and faults are the network's.

import type {
  BatchGetItemCommandInput,
  CancellationReason,
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { cancelled, conditionFailed, invalid, refused } from './errors.ts';
import { ExpiryIndex } from './expiry-index.ts';
import { applyUpdate, holds, type ModelItem } from './expressions.ts';
import { Partition, type StoredItem } from './partition.ts';
import { maximumItemBytes, maximumPageBytes, maximumTransactionBytes, readUnits, sizeOf, writeUnits } from './sizes.ts';

interface Change {
  readonly key: ModelItem;
  readonly before: StoredItem | undefined;
  /** undefined: deleted. */
  readonly after: ModelItem | undefined;
}

const maximumActions = 100;
const maximumBatch = 100;
/** Request tokens mean something for so long. */
const tokenMs = 600_000;

export class ModelTable {
  readonly #partitions = new Map<string, Partition>();
  readonly #index = new ExpiryIndex();
  readonly #tokens = new Map<string, number>();
  /** Items of transactions that queries may still see as they were. */
  readonly #torn = new Map<string, ModelItem | undefined>();
  readonly #now: () => number;
  /** Told of every change as it takes effect. */
  onChange: ((before: ModelItem | undefined, after: ModelItem | undefined) => void) | undefined;

  /** `now`: Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  getItem({ Key }: GetItemCommandInput) {
    const stored = this.#at(Key);
    return { ...(stored && { Item: stored.item }), ConsumedCapacity: { CapacityUnits: readUnits(stored?.size ?? 0) } };
  }

  batchGetItem({ RequestItems = {} }: BatchGetItemCommandInput) {
    const [[table, { Keys = [] }] = ['', {}]] = Object.entries(RequestItems);
    if (Keys.length === 0 || Keys.length > maximumBatch) throw invalid(`1 to ${maximumBatch} keys`);
    if (new Set(Keys.map(textOf)).size < Keys.length) throw invalid('Provided list of item keys contains duplicates');
    const found = Keys.map((key) => this.#at(key));
    const units = found.reduce((sum, stored) => sum + readUnits(stored?.size ?? 0), 0);
    return {
      Responses: { [table]: found.flatMap((stored) => (stored ? [stored.item] : [])) },
      ConsumedCapacity: [{ CapacityUnits: units }],
    };
  }

  query(input: QueryCommandInput) {
    const { KeyConditionExpression, ExpressionAttributeValues: values = {}, Limit = Number.POSITIVE_INFINITY } = input;
    if (input.IndexName !== undefined) {
      const items = this.#index.query((item) => holds(KeyConditionExpression, item, values));
      return { Items: items, ConsumedCapacity: { CapacityUnits: 0.5 * readUnits(items.length * 100) } };
    }
    const partition = this.#partitions.get(values[':p']?.S ?? '');
    const from = input.ExclusiveStartKey?.['s']?.S ?? values[':from']?.S ?? values[':after']?.S ?? values[':prefix']?.S;
    const Items: ModelItem[] = [];
    let size = 0;
    let last: ModelItem | undefined;
    for (let place = partition?.firstAt(from ?? '') ?? 0; partition && place < partition.order.length; place++) {
      const stored = partition.items.get(partition.order[place] ?? '');
      if (!stored) continue;
      if (!holds(KeyConditionExpression, stored.item, values)) {
        if (pastEnd(stored.item, values)) break;
        continue;
      }
      if (stored.item['s']?.S === input.ExclusiveStartKey?.['s']?.S) continue;
      if (Items.length >= Limit || size + stored.size > maximumPageBytes) {
        last = Items.at(-1);
        break;
      }
      const key = textOf(stored.item);
      const seen = this.#torn.has(key) ? this.#torn.get(key) : stored.item;
      if (seen) Items.push(seen);
      size += stored.size;
    }
    const { p, s } = last ?? {};
    return {
      Items: Items.map((item) => projected(item, input.ProjectionExpression)),
      ...(p && s && { LastEvaluatedKey: { p, s } }),
      ConsumedCapacity: { CapacityUnits: readUnits(size) * (input.ConsistentRead ? 1 : 0.5) },
    };
  }

  updateItem(input: UpdateItemCommandInput) {
    const before = this.#writable(input.Key);
    this.#require(input, before);
    const after: ModelItem = { ...input.Key, ...before?.item };
    applyUpdate(input.UpdateExpression ?? '', after, input.ExpressionAttributeValues);
    const units = this.#apply({ key: after, before, after });
    return {
      ...(input.ReturnValues === 'ALL_NEW' && { Attributes: after }),
      ...(input.ReturnValues === 'ALL_OLD' && before && { Attributes: before.item }),
      ConsumedCapacity: { CapacityUnits: units },
    };
  }

  putItem(input: PutItemCommandInput) {
    const before = this.#writable(input.Item);
    this.#require(input, before);
    if (!input.Item) throw invalid('no item');
    return { ConsumedCapacity: { CapacityUnits: this.#apply({ key: input.Item, before, after: input.Item }) } };
  }

  deleteItem(input: DeleteItemCommandInput) {
    const before = this.#writable(input.Key);
    this.#require(input, before);
    return {
      ConsumedCapacity: { CapacityUnits: this.#apply({ key: input.Key ?? {}, before, after: undefined }) },
    };
  }

  /** `torn`: queries see the items as they were, until `mend` is called with what is returned. */
  transactWriteItems({ TransactItems = [], ClientRequestToken }: TransactWriteItemsCommandInput, torn = false) {
    if (TransactItems.length === 0 || TransactItems.length > maximumActions)
      throw invalid(`1 to ${maximumActions} actions`);
    if (ClientRequestToken !== undefined && this.#knows(ClientRequestToken))
      return { answer: { ConsumedCapacity: [{ CapacityUnits: 2 * TransactItems.length }] }, changes: [] };
    const plans = TransactItems.map((action) => this.#plan(action));
    if (new Set(plans.map((plan) => textOf(plan.key))).size < plans.length)
      throw invalid('Transaction request cannot include multiple operations on one item');
    const total = plans.reduce((sum, plan) => sum + (plan.after ? sizeOf(plan.after) : 0), 0);
    if (total > maximumTransactionBytes) throw invalid('Transaction size cannot exceed 4MB');
    if (plans.some((plan) => plan.reason.Code !== 'None')) throw cancelled(plans.map((plan) => plan.reason));
    let units = 0;
    const changes = plans.filter((plan) => plan.writes);
    if (torn) for (const change of changes) this.#torn.set(textOf(change.key), change.before?.item);
    for (const plan of plans) units += 2 * (plan.writes ? this.#apply(plan) : writeUnits(plan.before?.size ?? 0, 0));
    if (ClientRequestToken !== undefined) this.#tokens.set(ClientRequestToken, this.#now());
    return { answer: { ConsumedCapacity: [{ CapacityUnits: units }] }, changes: changes.map((change) => change.key) };
  }

  /** Queries see these items as they are from now on, and others may write them. */
  mend(keys: readonly ModelItem[]): void {
    for (const key of keys) this.#torn.delete(textOf(key));
  }

  /** What DynamoDB's TTL does, once, to every item whose time in `attribute` (Unix seconds) has come. Returns how many went. */
  collect(attribute: string, nowSeconds: number): number {
    let count = 0;
    for (const partition of this.#partitions.values())
      for (const stored of [...partition.items.values()]) {
        if (Number(stored.item[attribute]?.N ?? Number.POSITIVE_INFINITY) > nowSeconds) continue;
        if (this.#torn.has(textOf(stored.item))) continue;
        this.#apply({ key: stored.item, before: stored, after: undefined });
        count++;
      }
    for (const [p, partition] of this.#partitions) if (partition.items.size === 0) this.#partitions.delete(p);
    return count;
  }

  /** Every item, in no particular order. */
  *items(): Generator<ModelItem> {
    for (const partition of this.#partitions.values()) for (const { item } of partition.items.values()) yield item;
  }

  #plan(action: TransactWriteItem): Change & { readonly reason: CancellationReason; readonly writes: boolean } {
    const request = action.Put ?? action.ConditionCheck ?? action.Delete;
    if (!request) throw invalid('the model knows puts, deletes and condition checks');
    const key = 'Item' in request ? request.Item : 'Key' in request ? request.Key : undefined;
    const before = this.#at(key);
    const after = action.Put?.Item;
    const writes = !action.ConditionCheck;
    const plan = (reason: CancellationReason) => ({ key: key ?? {}, before, after, writes, reason });
    if (after && sizeOf(after) > maximumItemBytes) return plan({ Code: 'ValidationError' });
    if (this.#torn.has(textOf(key))) return plan({ Code: 'TransactionConflict' });
    if (holds(request.ConditionExpression, before?.item, request.ExpressionAttributeValues))
      return plan({ Code: 'None' });
    const asked = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
    return plan({ Code: 'ConditionalCheckFailed', ...(asked && before && { Item: before.item }) });
  }

  #require(
    input: Pick<
      PutItemCommandInput,
      'ConditionExpression' | 'ExpressionAttributeValues' | 'ReturnValuesOnConditionCheckFailure'
    >,
    before: StoredItem | undefined,
  ): void {
    if (holds(input.ConditionExpression, before?.item, input.ExpressionAttributeValues)) return;
    throw conditionFailed(input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? before?.item : undefined);
  }

  #apply({ key, before, after }: Change): number {
    const [p, s] = [key['p']?.S ?? '', key['s']?.S ?? ''];
    const size = after ? sizeOf(after) : 0;
    if (size > maximumItemBytes) throw invalid('Item size has exceeded the maximum allowed size');
    let partition = this.#partitions.get(p);
    if (!partition) {
      partition = new Partition();
      this.#partitions.set(p, partition);
    }
    if (after) partition.set(s, { item: after, size });
    else partition.delete(s);
    this.onChange?.(before?.item, after);
    return writeUnits(before?.size ?? 0, size) + this.#index.change(before?.item, after);
  }

  #writable(key: ModelItem | undefined): StoredItem | undefined {
    if (this.#torn.has(textOf(key))) throw refused('TransactionConflictException');
    return this.#at(key);
  }

  #at(key: ModelItem | undefined): StoredItem | undefined {
    const [p, s] = [key?.['p']?.S, key?.['s']?.S];
    if (!p || !s) throw invalid('One or more parameter values are not valid: the key');
    return this.#partitions.get(p)?.items.get(s);
  }

  #knows(token: string): boolean {
    const at = this.#tokens.get(token);
    // The oldest come first.
    for (const [old, since] of this.#tokens) {
      if (this.#now() - since <= tokenMs) break;
      this.#tokens.delete(old);
    }
    return at !== undefined && this.#now() - at <= tokenMs;
  }
}

/** A query's items end where the sort key is above its upper bound; the model's own conditions name it `:to` or `:end`. */
function pastEnd(item: ModelItem, values: Readonly<Record<string, { S?: string }>> | ModelItem): boolean {
  const [end, prefix] = [values[':to']?.S ?? values[':end']?.S, values[':prefix']?.S];
  const s = item['s']?.S ?? '';
  return end !== undefined ? s > end : prefix !== undefined && !s.startsWith(prefix) && s > prefix;
}

/** The attributes that the expression names; all without one. */
function projected(item: ModelItem, expression: string | undefined): ModelItem {
  if (expression === undefined) return item;
  const names = expression.split(',').map((name) => name.trim());
  return Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
}

function textOf(key: ModelItem | undefined): string {
  return `${key?.['p']?.S}\n${key?.['s']?.S}`;
}
