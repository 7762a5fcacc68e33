// The DynamoDB engine: the Store contract over one table, by the protocol of decisions D1 to D3.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { demandWrite, demandWrites } from '../demand-writes.ts';
import type { Groups } from '../groups.ts';
import { defaultHistoryMs } from '../history.ts';
import type {
  Bounds,
  Committed,
  Delete,
  Item,
  ListOptions,
  ListPage,
  LogEntry,
  LogPage,
  PastOptions,
  PastPage,
  Put,
  Store,
  TypeName,
  Write,
} from '../store.ts';
import { StoreError } from '../store.ts';
import type { DynamoCalls } from './calls.ts';
import { decode } from './codec.ts';
import { Commits } from './commits.ts';
import { expired } from './expiry.ts';
import { tableGroups } from './groups.ts';
import { Heads } from './heads.ts';
import { objectKey, readObject } from './items.ts';
import type { LargeValues } from './large-values.ts';
import { list } from './list.ts';
import type { LogOptions } from './log.ts';
import { Log } from './log.ts';
import type { Call, Cost, Operation, RetryEnvironment } from './requests.ts';
import { Requests } from './requests.ts';

export interface DynamoStoreOptions extends Partial<LogOptions>, Partial<RetryEnvironment> {
  /** `serviceCalls(service)`, or a stand-in. */
  readonly calls: DynamoCalls;
  /** The table's name; `tableDefinition` says how it must be made. */
  readonly table: string;
  /** Where values go that have no room in an item. Without it they are `tooLarge`. */
  readonly large?: LargeValues;
  /** A request that is refused or not answered is repeated for this long after its operation began. Default 10,000 ms. */
  readonly budgetMs?: number;
  /** A value above this many bytes is `tooLarge`. Default 8 MiB. */
  readonly maximumValueBytes?: number;
  /** Names that no two calls of any process return; at most 36 characters. Default random UUIDs. */
  readonly newId?: () => string;
}

export interface DynamoStore extends Store {
  /** Deletes what has expired at this Unix time in seconds (default: now). Returns how many items. */
  expire(nowSeconds?: number): Promise<number>;
  /** Removes large values that nothing refers to any more. Returns how many. */
  collect(): Promise<number>;
  readonly groups: Groups;
  /** What this process has spent, by the operation that spent it. Charges of refused requests are not known. */
  readonly costs: ReadonlyMap<Operation, Cost>;
}

const defaultLogLimit = 1000;

export function openDynamoStore(options: DynamoStoreOptions): DynamoStore {
  return new TableStore(options);
}

class TableStore implements DynamoStore {
  readonly #requests: Requests;
  readonly #heads: Heads;
  readonly #log: Log;
  readonly #commits: Commits;
  readonly #large: LargeValues | undefined;
  readonly groups: Groups;
  readonly #listeners = new Set<(type: TypeName, head: number) => void>();
  #closed = false;

  constructor(options: DynamoStoreOptions) {
    this.#large = options.large;
    this.#requests = new Requests({
      calls: options.calls,
      table: options.table,
      now: options.now ?? Date.now,
      sleep: options.sleep ?? ((ms) => sleep(ms)),
      random: options.random ?? Math.random,
      budgetMs: options.budgetMs ?? 10_000,
    });
    this.#heads = new Heads(this.#requests);
    this.#log = new Log(this.#requests, this.#heads, {
      retentionMs: options.retentionMs ?? defaultHistoryMs,
      gapWaitMs: options.gapWaitMs ?? 250,
      settleEvery: options.settleEvery ?? 100,
    });
    this.#commits = new Commits(this.#requests, this.#heads, this.#log, {
      large: options.large,
      newId: options.newId ?? randomUUID,
      maximumValueBytes: options.maximumValueBytes ?? 8 * 1024 * 1024,
    });
    this.groups = tableGroups(this.#requests, this.#heads, options.large, () => this.#begin('group'));
  }

  get costs(): ReadonlyMap<Operation, Cost> {
    return this.#requests.costs;
  }

  async get(type: TypeName, name: string): Promise<Item | undefined> {
    const call = this.#begin('get');
    const item = await this.#requests.get(call, objectKey(type, name));
    const { value, revision } = item ? readObject(item) : {};
    if (!value || revision === undefined) return undefined;
    return { name, revision, value: await decode(value, revision, this.#large) };
  }

  async list(type: TypeName, options: ListOptions = {}): Promise<ListPage> {
    const call = this.#begin('list');
    const { objects, revision, more } = await list(this.#requests, this.#heads, this.#log, call, type, options);
    const items = objects.map(async ({ name, revision: at, value }) => ({
      name,
      revision: at,
      value: await decode(value, at, this.#large),
    }));
    return { items: await Promise.all(items), revision, more };
  }

  async commit(writes: readonly Write[]): Promise<Committed[]> {
    const call = this.#begin('commit');
    demandWrites(writes);
    const committed = await this.#commits.commit(call, writes);
    this.#notify(writes, committed);
    return committed;
  }

  async commitEach(writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]> {
    const call = this.#begin('commitEach');
    writes.forEach(demandWrite);
    return this.#commitEach(call, writes);
  }

  async log(type: TypeName, after: number, limit = defaultLogLimit): Promise<LogPage> {
    const call = this.#begin('log');
    const head = await this.#heads.read(call, type);
    if (after < head.compacted) throw this.#log.gone(type, head.compacted);
    if (after >= head.head) return { entries: [], through: head.head, head: head.head };
    const slots = await this.#log.next(call, type, head, after, Math.min(head.head, after + limit));
    const entries = slots.flatMap((slot): Promise<LogEntry>[] => {
      if (slot.kind === 'fence') return [];
      const { kind: op, name, revision, previous: previousRevision, value } = slot;
      const decoded = decode(value, revision, this.#large);
      return [decoded.then((bytes) => ({ op, name, revision, previousRevision, value: bytes }))];
    });
    return { entries: await Promise.all(entries), through: slots.at(-1)?.revision ?? after, head: head.head };
  }

  async past(type: TypeName, name: string, options?: PastOptions): Promise<PastPage> {
    // Asked for seldom: no start loads it.
    const { past } = await import('./past.ts');
    return past(this.#requests, this.#log, this.#large, this.#begin('past'), type, name, options);
  }

  async revisionAt(type: TypeName, time: number): Promise<number> {
    const { revisionAt } = await import('./past.ts');
    return revisionAt(this.#heads, this.#log, this.#begin('past'), type, time);
  }

  async head(type: TypeName): Promise<number> {
    return (await this.#heads.read(this.#begin('head'), type)).head;
  }

  async bounds(type: TypeName): Promise<Bounds> {
    const { compacted, head } = await this.#heads.read(this.#begin('bounds'), type);
    return { compacted, head };
  }

  async compact(type: TypeName, revision: number): Promise<void> {
    const { compact } = await import('./compaction.ts');
    await compact(this.#requests, this.#heads, this.#log, this.#begin('compact'), type, revision);
  }

  async types(): Promise<TypeName[]> {
    return this.#heads.types(this.#begin('types'));
  }

  async expire(nowSeconds = Math.floor(this.#requests.surroundings.now() / 1000)): Promise<number> {
    const call = this.#begin('expire');
    let count = 0;
    for await (const deletes of expired(this.#requests, call, nowSeconds)) {
      const outcomes = await this.#commitEach(this.#requests.renewed(call), deletes);
      count += outcomes.filter((outcome) => !(outcome instanceof StoreError)).length;
    }
    return count;
  }

  async collect(): Promise<number> {
    const large = this.#large;
    if (!large) return 0;
    const { collectLarge } = await import('./large-ledger.ts');
    return collectLarge(this.#requests, this.#heads, this.#log, large, () => this.#begin('collect'));
  }

  onCommit(listener: (type: TypeName, head: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  #begin(operation: Operation): Call {
    if (this.#closed) throw new StoreError({ code: 'closed', data: {} }, 'The store is closed.');
    return this.#requests.begin(operation);
  }

  async #commitEach(call: Call, writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]> {
    const outcomes = await this.#commits.commitEach(call, writes);
    this.#notify(
      writes,
      outcomes.map((outcome) => (outcome instanceof StoreError ? { revision: 0 } : outcome)),
    );
    return outcomes;
  }

  #notify(writes: readonly Write[], committed: readonly Committed[]): void {
    const heads = new Map<TypeName, number>();
    for (const [i, { type }] of writes.entries())
      heads.set(type, Math.max(heads.get(type) ?? 0, committed[i]?.revision ?? 0));
    for (const [type, head] of heads) if (head > 0) for (const listener of this.#listeners) listener(type, head);
  }
}
