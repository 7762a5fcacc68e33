// The embedded engine's statements, and what a commit does inside a transaction that is already open.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { restamp, stamp } from '../stamp.ts';
import type { Committed, Item, LogEntry, TypeName, Write } from '../store.ts';
import { StoreError } from '../store.ts';
import { RecentValues } from './recent-values.ts';
import { createLog, logTable } from './schema.ts';
import { Unindexed } from './unindexed.ts';

/** One type's counters. */
export interface TypeState {
  readonly name: TypeName;
  readonly id: number;
  /** The table of its log. */
  readonly log: string;
  /** What each commit asks of it. Prepared for the first: there are types that nothing writes. */
  statements: LogStatements | undefined;
  /** As of the open transaction. */
  head: number;
  compacted: number;
  /** The index knows of the log up to this revision, and of those after it that `unindexed` does not name. */
  indexed: number;
  /** As of the last transaction that became durable: what readers see. */
  durableHead: number;
  durableCompacted: number;
  durableIndexed: number;
  readonly unindexed: Unindexed;
  /** What the open transaction added to the log. */
  added: LogEntry[];
}

interface LogStatements {
  readonly insert: StatementSync;
  readonly last: StatementSync;
}

/** Of a log; those of a file that an older version made stand in another order. */
const columns = 'revision, put, name, previous, stampedAt, at, by, value';

const emptyBytes = new Uint8Array(0);
const recentBytes = 16 * 1024 * 1024;
/** How far the index may lie behind: one commit in so many writes it, and what it lacks is read when the file is opened. */
const maximumUnindexed = 512;
/** A clock is set back by less, or was wrong before: then times of entries start anew. */
const clockStepMs = 600_000;

export class Tables {
  readonly types = new Map<TypeName, TypeState>();
  /** Types that the open transaction wrote. */
  readonly #touched = new Set<TypeState>();
  /** As of the open transaction. */
  readonly #recent = new RecentValues(recentBytes);
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Unix milliseconds. */
  readonly #now: () => number;
  /** Of the newest entry of all types, in Unix milliseconds. */
  #latest = 0;
  /** Entries since the index was brought up to the logs; about, where a transaction was rolled back. */
  #unindexed = 0;

  constructor(db: DatabaseSync, now: () => number = Date.now) {
    this.#db = db;
    this.#now = now;
    for (const row of this.sql('SELECT id, name, compacted, indexed FROM types').all()) {
      const compacted = Number(row['compacted']);
      const indexed = Number(row['indexed']);
      const name = String(row['name']);
      const id = Number(row['id']);
      const log = logTable(id);
      const last = db.prepare(`SELECT max(revision) AS revision, at FROM ${log}`).get();
      this.#latest = Math.max(this.#latest, Number(last?.['at'] ?? 0));
      // Where the last entry was compacted away, that is the head.
      const head = Math.max(compacted, Number(last?.['revision'] ?? 0));
      const durable = { durableHead: head, durableCompacted: compacted, durableIndexed: indexed };
      const state = { ...{ name, id, log, statements: undefined, head, compacted, indexed, added: [] }, ...durable };
      this.types.set(name, { ...state, unindexed: this.#readUnindexed(log, indexed) });
    }
  }

  /** The prepared statement of a text, made once. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** A statement whose rows are arrays: for many rows a third faster than objects. */
  rows(text: string): StatementSync {
    const statement = this.sql(text);
    statement.setReturnArrays(true);
    return statement;
  }

  get(type: TypeName, name: string): Item | undefined {
    const state = this.types.get(type);
    if (!state) return undefined;
    const known = this.#recent.get(state.id, name);
    if (known) return 'value' in known ? known : undefined;
    const revision = this.revisionOf(state, name);
    if (revision === 0) {
      // Who asks is often about to make it.
      this.#recent.set(state.id, { name, revision: 0 });
      return undefined;
    }
    const row = this.sql(`SELECT value FROM ${state.log} WHERE revision = ?`).get(revision);
    const item = { name, revision, value: bytesOf(row?.['value']) };
    this.#recent.set(state.id, item);
    return item;
  }

  /** Under which revision a key's value lies; 0 where it has none. */
  revisionOf(state: TypeState, name: string): number {
    const known = this.#recent.get(state.id, name);
    if (known) return known.revision;
    const last = state.unindexed.get(name);
    if (last) return last.op === 'put' ? last.revision : 0;
    const row = this.sql('SELECT revision FROM current WHERE type = ? AND name = ?').get(state.id, name);
    return Number(row?.['revision'] ?? 0);
  }

  /** Checks every expectation, then writes. Throws `conflict` before the first write. */
  apply(writes: readonly Write[]): Committed[] {
    const before = writes.map((write) => this.#expect(write));
    const committed = writes.map((write, i) => this.#write(write, before[i] ?? 0));
    if (this.#unindexed >= maximumUnindexed) this.index();
    return committed;
  }

  /** Brings the index up to the logs. Inside a transaction. */
  index(): void {
    const put = this.sql(`INSERT INTO current VALUES (?, ?, ?, NULL)
      ON CONFLICT DO UPDATE SET revision = excluded.revision, expires = NULL WHERE revision < excluded.revision`);
    const remove = this.sql('DELETE FROM current WHERE type = ? AND name = ?');
    const end = this.sql('INSERT INTO ended VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision');
    const through = this.sql('UPDATE types SET indexed = ? WHERE id = ?');
    for (const state of this.types.values()) {
      if (state.indexed === state.head) continue;
      const { id, head } = state;
      for (const [name, { op, revision }] of state.unindexed.all()) {
        if (op === 'put') put.run(id, name, revision);
        else {
          remove.run(id, name);
          end.run(id, name, revision);
        }
      }
      through.run(head, id);
      state.indexed = head;
      this.#touched.add(state);
    }
    this.#unindexed = 0;
  }

  /** The transaction ended: what it wrote is durable, or was rolled back. Returns what the logs of types gained. */
  settle(durable: boolean): { readonly state: TypeState; readonly entries: readonly LogEntry[] }[] {
    const risen: { readonly state: TypeState; readonly entries: readonly LogEntry[] }[] = [];
    for (const state of this.#touched) {
      if (durable) {
        if (state.head > state.durableHead) risen.push({ state, entries: state.added });
        state.durableHead = state.head;
        state.durableCompacted = state.compacted;
        state.durableIndexed = state.indexed;
      } else {
        state.head = state.durableHead;
        state.compacted = state.durableCompacted;
        state.indexed = state.durableIndexed;
        // Its row may have been made in the transaction that was rolled back.
        if (state.head === 0) this.types.delete(state.name);
      }
      state.added = [];
      state.unindexed.settle(durable, state.indexed);
    }
    this.#touched.clear();
    if (!durable) this.#recent.clear();
    return risen;
  }

  /** Another form of what a revision holds; its readers get no event. `stampedAt`: where the revision stands in it. */
  replaceValue(state: TypeState, { name, revision, value }: Item, stampedAt: number | null): void {
    this.sql(`UPDATE ${state.log} SET stampedAt = ?, value = ? WHERE revision = ?`).run(stampedAt, value, revision);
    if (this.#recent.get(state.id, name)?.revision === revision) this.#recent.set(state.id, { name, revision, value });
  }

  touch(state: TypeState): void {
    this.#touched.add(state);
  }

  /** The revision that a key has now, 0 for none, if it is what the write expects. */
  #expect(write: Write): number {
    const state = this.types.get(write.type);
    const revision = state ? this.revisionOf(state, write.name) : 0;
    if (write.expect === 'any' || write.expect === revision) return revision;
    const current = this.get(write.type, write.name);
    throw new StoreError(
      { code: 'conflict', data: { type: write.type, name: write.name, ...(current && { current }) } },
      `${write.type} ${write.name} is at revision ${revision}, not ${write.expect}.`,
    );
  }

  #write(write: Write, previous: number): Committed {
    if (write.op === 'check' || (write.op === 'delete' && previous === 0)) return { revision: 0 };
    const state = this.#state(write.type);
    this.#touched.add(state);
    const { id } = state;
    const revision = state.head + 1;
    const stampedAt = write.op === 'put' ? (write.value.revisionOffset ?? null) : null;
    const value = write.value ? stamp(write.value, revision) : this.#lastState(state, previous, revision);
    this.#ofLog(state).insert.run(
      revision,
      write.op === 'put' ? 1 : 0,
      write.name,
      previous,
      stampedAt,
      this.#time(),
      write.by ?? null,
      value,
    );
    if (write.op === 'put') this.#recent.set(id, { name: write.name, revision, value });
    else this.#recent.set(id, { name: write.name, revision: 0 });
    const expires = write.op === 'put' ? write.expiresAt : undefined;
    state.unindexed.set(write.name, { revision, op: write.op });
    this.#unindexed++;
    // The log does not say when a key expires.
    if (expires !== undefined) this.#indexExpiring(id, write.name, revision, expires);
    state.head = revision;
    state.added.push({ op: write.op, name: write.name, revision, previousRevision: previous, value });
    return { revision, value };
  }

  #indexExpiring(type: number, name: string, revision: number, expires: number): void {
    this.sql(`INSERT INTO current VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET revision = excluded.revision, expires = excluded.expires`).run(
      type,
      name,
      revision,
      expires,
    );
  }

  #readUnindexed(log: string, indexed: number): Unindexed {
    const unindexed = new Unindexed();
    const rows = this.#db.prepare(`SELECT revision, put, name FROM ${log} WHERE revision > ? ORDER BY revision`);
    for (const { revision, put, name } of rows.iterate(indexed)) {
      unindexed.set(String(name), { revision: Number(revision), op: put === 1 ? 'put' : 'delete' });
      this.#unindexed++;
    }
    unindexed.settle(true, indexed);
    return unindexed;
  }

  /** It does not fall where the clock is set back a little: whoever reads the past finds an entry by its time. */
  #time(): number {
    const now = this.#now();
    const isStep = now < this.#latest && this.#latest - now < clockStepMs;
    if (!isStep) this.#latest = now;
    return this.#latest;
  }

  #ofLog(state: TypeState): LogStatements {
    state.statements ??= {
      insert: this.#db.prepare(`INSERT INTO ${state.log} (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
      last: this.#db.prepare(`SELECT stampedAt, value FROM ${state.log} WHERE revision = ?`),
    };
    return state.statements;
  }

  #lastState(state: TypeState, previous: number, revision: number): Uint8Array {
    const row = this.#ofLog(state).last.get(previous);
    const value = bytesOf(row?.['value']);
    const offset = row?.['stampedAt'];
    return typeof offset === 'number' ? restamp(value, offset, previous, revision) : value;
  }

  #state(name: TypeName): TypeState {
    const known = this.types.get(name);
    if (known) return known;
    const { lastInsertRowid } = this.sql('INSERT INTO types (name, compacted, indexed) VALUES (?, 0, 0)').run(name);
    const id = Number(lastInsertRowid);
    createLog(this.#db, id);
    const counters = { head: 0, compacted: 0, indexed: 0, durableHead: 0, durableCompacted: 0, durableIndexed: 0 };
    const unindexed = new Unindexed();
    const state: TypeState = { name, id, log: logTable(id), statements: undefined, ...counters, added: [], unindexed };
    this.types.set(name, state);
    this.#touched.add(state);
    return state;
  }
}

/** A row of `rows`: node:sqlite's types know of objects only. */
export function cells(row: unknown): readonly unknown[] {
  return Array.isArray(row) ? row : [];
}

export function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : emptyBytes;
}
