// How every request is sent: retries with jitter within a budget, and the count of what each operation cost.

import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { getOwn } from '../../machinery/own.ts';
import { StoreError } from '../store.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import type { DynamoItem, Key } from './items.ts';

/** Time and chance, from outside. */
export interface RetryEnvironment {
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export type Operation =
  | 'get'
  | 'list'
  | 'commit'
  | 'commitEach'
  | 'log'
  | 'past'
  | 'head'
  | 'bounds'
  | 'compact'
  | 'types'
  | 'collect'
  | 'expire'
  | 'heartbeat'
  | 'relay'
  | 'claim'
  | 'group'
  | 'stream'
  | 'subscription'
  | 'usage'
  | 'wake'
  | 'wipe';

/** What the operations of one kind have cost so far. */
export interface Cost {
  readonly operations: number;
  /**
   * Requests that were sent, repeated ones too. Those sent at the same time count each, and one that served several operations counts for
   * each of them: an upper bound of the round trips.
   */
  readonly requests: number;
  /** As DynamoDB says it charged. */
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** One operation of the store under way. */
export interface Call {
  readonly operation: Operation;
  /** No request is repeated after this time, in Unix milliseconds. */
  readonly deadline: number;
}

export interface RequestsOptions extends RetryEnvironment {
  readonly calls: DynamoCalls;
  readonly table: string;
  readonly budgetMs: number;
}

type Capacity = { readonly CapacityUnits?: number | undefined };
type Charged = { readonly ConsumedCapacity?: Capacity | readonly Capacity[] | undefined };

const firstPauseMs = 20;
const longestPauseMs = 1000;
export const batchGetLimit = 100;

export class Requests {
  readonly calls: DynamoCalls;
  readonly table: string;
  readonly surroundings: RetryEnvironment;
  readonly #budgetMs: number;
  readonly #costs = new Map<Operation, { -readonly [K in keyof Cost]: number }>();

  constructor(options: RequestsOptions) {
    this.calls = options.calls;
    this.table = options.table;
    this.surroundings = options;
    this.#budgetMs = options.budgetMs;
  }

  get costs(): ReadonlyMap<Operation, Cost> {
    return this.#costs;
  }

  begin(operation: Operation): Call {
    this.#cost(operation).operations++;
    return { operation, deadline: this.surroundings.now() + this.#budgetMs };
  }

  /** The same operation, with its budget anew: for one that comes in many parts. */
  renewed(call: Call): Call {
    return { ...call, deadline: this.surroundings.now() + this.#budgetMs };
  }

  /** One request, once; its charge is noted, in equal parts where several operations share it. */
  async once<T extends Charged>(
    calls: Call | readonly Call[],
    kind: 'read' | 'write',
    send: () => Promise<T>,
  ): Promise<T> {
    const costs = [calls].flat().map(({ operation }) => this.#cost(operation));
    for (const cost of costs) cost.requests++;
    const answer = await send();
    const { ConsumedCapacity = [] } = answer;
    const charges: readonly Capacity[] = Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity];
    const units = charges.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0) / costs.length;
    for (const cost of costs) cost[kind === 'read' ? 'readUnits' : 'writeUnits'] += units;
    return answer;
  }

  /**
   * A request that may happen twice without harm: repeated until it is answered. Fails with `throttled` when the budget is spent;
   * failed conditions and fatal errors pass through.
   */
  repeat<T extends Charged>(call: Call, kind: 'read' | 'write', send: () => Promise<T>): Promise<T> {
    return this.#again(call, () => this.once(call, kind, send));
  }

  async #again<T>(call: Call, work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const meaning = meaningOf(error);
        if (meaning !== 'refused' && meaning !== 'unknown') throw error;
        if (!(await this.pause(call, attempt))) throw throttled(error);
      }
    }
  }

  /** Waits before another attempt; false at once when the budget is spent. */
  async pause(call: Call, attempt: number): Promise<boolean> {
    const { now, sleep, random } = this.surroundings;
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
    const ms = Math.ceil(longest * (0.5 + random() / 2));
    if (now() + ms > call.deadline) return false;
    await sleep(ms);
    return true;
  }

  async get(call: Call, key: Key): Promise<DynamoItem | undefined> {
    const input = { TableName: this.table, Key: key, ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL' } as const;
    const { Item } = await this.repeat(call, 'read', () => this.calls.getItem(input));
    return Item;
  }

  /** Once, of up to `batchGetLimit` keys: the items that exist, in any order, and the keys that DynamoDB left for another request. */
  async getBatch(calls: Call | readonly Call[], keys: readonly Key[]) {
    const answer = await this.once(calls, 'read', () =>
      this.calls.batchGetItem({
        RequestItems: { [this.table]: { Keys: [...keys], ConsistentRead: true } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    // as: DynamoDB gives back keys that it was given.
    const unread = (getOwn(answer.UnprocessedKeys, this.table)?.Keys ?? []) as unknown as Key[];
    return { items: getOwn(answer.Responses, this.table) ?? [], unread };
  }

  /** The items of these keys that exist, in any order. */
  async getAll(call: Call, keys: readonly Key[]): Promise<DynamoItem[]> {
    const [only] = keys;
    if (only && keys.length === 1) {
      const item = await this.get(call, only);
      return item ? [item] : [];
    }
    const items: DynamoItem[] = [];
    let left: Key[] = [...keys];
    for (let attempt = 0; left.length > 0; ) {
      const batch = left.slice(0, batchGetLimit);
      const answer = await this.#again(call, () => this.getBatch(call, batch));
      items.push(...answer.items);
      left = [...left.slice(batchGetLimit), ...answer.unread];
      if (answer.unread.length > 0 && !(await this.pause(call, attempt++))) throw throttled();
    }
    return items;
  }

  /** Pages of a strongly consistent query (an index answers as it can), until they end or the reader stops. Each has the budget anew. */
  async *query(call: Call, input: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<DynamoItem[]> {
    let from: DynamoItem | undefined;
    do {
      const page = await this.repeat(this.renewed(call), 'read', () =>
        this.calls.query({
          TableName: this.table,
          ReturnConsumedCapacity: 'TOTAL',
          ...(input.IndexName === undefined && { ConsistentRead: true }),
          ...input,
          ...(from && { ExclusiveStartKey: from }),
        }),
      );
      yield page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from);
  }

  #cost(operation: Operation) {
    let cost = this.#costs.get(operation);
    if (!cost) {
      cost = { operations: 0, requests: 0, readUnits: 0, writeUnits: 0 };
      this.#costs.set(operation, cost);
    }
    return cost;
  }
}

export function throttled(cause?: unknown): StoreError {
  return new StoreError(
    { code: 'throttled', data: { retryAfterMs: longestPauseMs } },
    'DynamoDB refused or did not answer for as long as the operation may take.',
    { cause },
  );
}
