// The embedded engine: the whole store in one SQLite file, for a cluster that lives on one machine.

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { demandWrites } from '../demand-writes.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type {
  Bounds,
  CommitListener,
  Committed,
  Delete,
  Item,
  ListOptions,
  ListPage,
  LogPage,
  PastOptions,
  PastPage,
  Put,
  Store,
  TypeName,
  Value,
  Write,
} from '../store.ts';
import { StoreError } from '../store.ts';
import { backUp } from './backup.ts';
import type { DatabaseOptions } from './database.ts';
import { openDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { past, revisionAt } from './past.ts';
import { PastStates } from './past-states.ts';
import { list, log } from './reads.ts';
import { type Range, type Rewritten, rewrite, type StoredValue } from './rewrite.ts';
import { Tables } from './tables.ts';

export interface EmbeddedStoreOptions extends DatabaseOptions {
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** How often expired items and heartbeats are seen to; 0: only when `tick` is called. Default 5,000 ms. */
  readonly tickMs?: number;
  /** A value above this many bytes is `tooLarge`. Default 8 MiB. */
  readonly maximumValueBytes?: number;
  /** Makes the WAL durable; for tests. */
  readonly sync?: () => void | Promise<void>;
}

export interface EmbeddedStore extends Store {
  readonly heartbeats: Heartbeats;
  /** Deletes what has expired and writes heartbeats down. Returns how many items expired. */
  tick(): Promise<number>;
  /**
   * Gives values another form under the revisions that they have, so that no reader gets an event: from the log of a type, the
   * rows of a range until some 256 KB were read. `change` gives the new form, or undefined for what may stay.
   */
  rewrite(type: TypeName, range: Range, change: (row: StoredValue) => Value | undefined): Promise<Rewritten>;
  /** Writes a whole, consistent copy to a new file while the store goes on. */
  backup(path: string): Promise<void>;
}

const compactionChunk = 1000;
const expiryChunk = 500;

/** Opens the store in the file at `path`, or makes it. Fails with StoreError `unusable`. */
export function openEmbeddedStore(path: string, options: EmbeddedStoreOptions = {}): EmbeddedStore {
  return new SqliteStore(path, openDatabase(path, options), options);
}

class SqliteStore implements EmbeddedStore {
  readonly heartbeats: Heartbeats;
  readonly #db: DatabaseSync;
  readonly #tables: Tables;
  readonly #past: PastStates;
  readonly #group: GroupCommit;
  readonly #now: () => number;
  readonly #maximumValueBytes: number;
  readonly #listeners = new Set<CommitListener>();
  readonly #beats = new Map<string, number>();
  /** Not written down: nodes say it again within seconds. */
  readonly #usages = new Map<string, Uint8Array>();
  readonly #unwrittenBeats = new Set<string>();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #backups = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(path: string, db: DatabaseSync, options: EmbeddedStoreOptions) {
    this.#db = db;
    this.#now = options.now ?? Date.now;
    this.#tables = new Tables(db, this.#now);
    this.#past = new PastStates(this.#tables);
    this.#group = new GroupCommit(db, {
      path,
      settle: (durable) => this.#settle(durable),
      ...(options.sync && { sync: options.sync }),
    });
    this.#maximumValueBytes = options.maximumValueBytes ?? 8 * 1024 * 1024;
    for (const row of db.prepare('SELECT node, atMs FROM heartbeats').all())
      this.#beats.set(String(row['node']), Number(row['atMs']));
    this.heartbeats = {
      beat: async (node, atMs, usage) => this.#beat(node, atMs, usage),
      all: async () => new Map(this.#beats),
      usages: async () => new Map(this.#usages),
      forget: async (node) => {
        this.#usages.delete(node);
        if (this.#beats.delete(node)) this.#unwrittenBeats.add(node);
      },
    };
    const tickMs = options.tickMs ?? 5000;
    // A tick that fails is made good by the next one.
    if (tickMs > 0) this.#timer = setInterval(() => void this.tick().catch(() => {}), tickMs).unref();
  }

  async get(type: TypeName, name: string): Promise<Item | undefined> {
    this.#refuseClosed();
    const item = this.#tables.get(type, name);
    await this.#group.unsynced;
    return item;
  }

  async list(type: TypeName, options: ListOptions = {}): Promise<ListPage> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    if (!state) return { items: [], revision: 0, more: false };
    const { revision } = options;
    // The log since an old revision may be long: others have their turn while it is read.
    if (revision !== undefined && revision >= state.compacted)
      while (this.#past.readAhead(state, revision)) await yieldToEventLoop();
    const page = list(this.#tables, this.#past, state, options);
    await this.#group.unsynced;
    return page;
  }

  async commit(writes: readonly Write[]): Promise<Committed[]> {
    this.#validate(writes);
    return this.#group.run(() => this.#tables.apply(writes));
  }

  async commitEach(writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]> {
    const outcomes = writes.map(async (write) => {
      const [committed] = await this.commit([write]);
      return committed ?? { revision: 0 };
    });
    return Promise.all(
      outcomes.map((outcome) =>
        outcome.catch((error: unknown) => {
          if (error instanceof StoreError) return error;
          throw error;
        }),
      ),
    );
  }

  async log(type: TypeName, after: number, limit?: number): Promise<LogPage> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    return state ? log(this.#tables, state, after, limit) : { entries: [], through: 0, head: 0 };
  }

  async past(type: TypeName, name: string, options?: PastOptions): Promise<PastPage> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    if (!state) return { entries: [], gone: false };
    const page = past(this.#tables, state, name, options);
    await this.#group.unsynced;
    return page;
  }

  async revisionAt(type: TypeName, time: number): Promise<number> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    return state ? revisionAt(this.#tables, state, time) : 0;
  }

  async head(type: TypeName): Promise<number> {
    this.#refuseClosed();
    return this.#tables.types.get(type)?.durableHead ?? 0;
  }

  async bounds(type: TypeName): Promise<Bounds> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    return { compacted: state?.durableCompacted ?? 0, head: state?.durableHead ?? 0 };
  }

  async compact(type: TypeName, revision: number): Promise<void> {
    this.#refuseClosed();
    const state = this.#tables.types.get(type);
    if (!state) return;
    const target = Math.min(revision, state.durableHead);
    const from = state.compacted;
    // In pieces, so that commits get their turn between them.
    while (state.compacted < target)
      await this.#group.run(() => this.#compactTo(type, Math.min(target, state.compacted + compactionChunk)));
    if (state.compacted > from) await this.#reclaim();
  }

  async types(): Promise<TypeName[]> {
    this.#refuseClosed();
    return [...this.#tables.types.values()].filter((state) => state.durableHead > 0).map((state) => state.name);
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async tick(): Promise<number> {
    this.#refuseClosed();
    if (this.#unwrittenBeats.size > 0) await this.#group.run(() => this.#writeBeats());
    const nowSeconds = Math.floor(this.#now() / 1000);
    let count = 0;
    while (this.#hasExpired(nowSeconds)) count += await this.#group.run(() => this.#expire(nowSeconds));
    return count;
  }

  async rewrite(type: TypeName, range: Range, change: (row: StoredValue) => Value | undefined): Promise<Rewritten> {
    this.#refuseClosed();
    return this.#group.run(() => rewrite(this.#tables, type, range, change));
  }

  async backup(path: string): Promise<void> {
    this.#refuseClosed();
    const work = backUp(this.#db, path);
    this.#backups.add(work);
    try {
      await work;
    } finally {
      this.#backups.delete(work);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // The last beats are a convenience: a device that fails here must not keep the store from closing.
    if (this.#unwrittenBeats.size > 0) await this.#group.run(() => this.#writeBeats()).catch(() => {});
    await this.#group.close();
    await Promise.allSettled(this.#backups);
    this.#listeners.clear();
    this.#db.close();
  }

  #settle(durable: boolean): void {
    for (const { state, entries } of this.#tables.settle(durable))
      for (const listener of this.#listeners)
        try {
          listener(state.name, state.durableHead, entries);
        } catch (error) {
          // A listener's bug must not fail a commit that is durable; it still surfaces as an uncaught error.
          queueMicrotask(() => {
            throw error;
          });
        }
  }

  #compactTo(type: TypeName, revision: number): void {
    const state = this.#tables.types.get(type);
    if (!state || revision <= state.compacted) return;
    const { id, log, compacted } = state;
    const range = `revision > ? AND revision <= ?`;
    const replaced = `SELECT previous FROM ${log} WHERE ${range} AND previous > 0`;
    this.#tables.sql(`DELETE FROM ${log} WHERE revision IN (${replaced})`).run(compacted, revision);
    // What leaves the log has to be in the index, which may take room that is there only now.
    this.#tables.index();
    const ended = `SELECT name FROM ${log} WHERE ${range} AND put = 0`;
    const forget = `DELETE FROM ended WHERE type = ? AND revision <= ? AND name IN (${ended})`;
    this.#tables.sql(forget).run(id, revision, compacted, revision);
    this.#tables.sql(`DELETE FROM ${log} WHERE ${range} AND put = 0`).run(compacted, revision);
    this.#tables.sql('UPDATE types SET compacted = ? WHERE id = ?').run(revision, id);
    state.compacted = revision;
    this.#tables.touch(state);
  }

  /** Gives pages back to the device when more than a quarter of the file is free: below that, new entries reuse them. */
  async #reclaim(): Promise<void> {
    const free = () => Number(this.#tables.sql('PRAGMA freelist_count').get()?.['freelist_count']);
    const pages = () => Number(this.#tables.sql('PRAGMA page_count').get()?.['page_count']);
    if (free() < 128 || free() * 4 < pages()) return;
    while (free() > 0) {
      const left = free();
      await this.#group.run(() => this.#db.exec('PRAGMA incremental_vacuum(256)'));
      if (free() >= left) return;
      await yieldToEventLoop();
    }
  }

  #hasExpired(nowSeconds: number): boolean {
    const sql = 'SELECT 1 FROM current WHERE expires <= ? LIMIT 1';
    return !this.#closing && this.#tables.sql(sql).get(nowSeconds) !== undefined;
  }

  #expire(nowSeconds: number): number {
    // Else the index names keys that were deleted since, and again.
    this.#tables.index();
    const rows = this.#tables
      .sql(
        'SELECT t.name AS type, c.name FROM current c JOIN types t ON t.id = c.type WHERE c.expires <= ? ORDER BY c.expires LIMIT ?',
      )
      .all(nowSeconds, expiryChunk);
    for (const row of rows)
      this.#tables.apply([{ op: 'delete', type: String(row['type']), name: String(row['name']), expect: 'any' }]);
    return rows.length;
  }

  #beat(node: string, atMs: number, usage: Uint8Array | undefined): void {
    if (atMs <= (this.#beats.get(node) ?? 0)) return;
    this.#beats.set(node, atMs);
    if (usage) this.#usages.set(node, usage);
    this.#unwrittenBeats.add(node);
  }

  #writeBeats(): void {
    for (const node of this.#unwrittenBeats) {
      const atMs = this.#beats.get(node);
      if (atMs === undefined) this.#tables.sql('DELETE FROM heartbeats WHERE node = ?').run(node);
      else
        this.#tables
          .sql('INSERT INTO heartbeats VALUES (?, ?) ON CONFLICT DO UPDATE SET atMs = excluded.atMs')
          .run(node, atMs);
    }
    this.#unwrittenBeats.clear();
  }

  #validate(writes: readonly Write[]): void {
    demandWrites(writes);
    for (const write of writes) {
      const { bytes } = (write.op !== 'check' && write.value) || {};
      if (!bytes || bytes.length <= this.#maximumValueBytes) continue;
      const data = { name: write.name, size: bytes.length, limit: this.#maximumValueBytes };
      throw new StoreError(
        { code: 'tooLarge', data },
        `${write.name} has ${data.size} bytes; the limit is ${data.limit}.`,
      );
    }
  }

  #refuseClosed(): void {
    if (this.#closing) throw new StoreError({ code: 'closed', data: {} }, 'The store is closed.');
    if (this.#group.failure) throw this.#group.failure;
  }
}
