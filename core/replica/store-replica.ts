// A replica over a store: the current entries, a window of events, and the channels of its watchers.

import { compareNames } from '../store/name-order.ts';
import type { LogEntry, Sealed, Store, TypeName } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import { AppliedEvent } from './applied-event.ts';
import type { ChannelHost } from './channel.ts';
import { Channel } from './channel.ts';
import { coldStart, isCompacted, type Project } from './cold-start.ts';
import { EventWindow } from './event-window.ts';
import { entriesFrom, OrderedEntries } from './ordered-entries.ts';
import type { Entry, Replica, ReplicaEvent, SnapshotOptions, Watch, WatchOptions } from './replica.ts';
import { StoredEntry } from './stored-entry.ts';

export interface ReplicaOptions {
  /** Past events that are kept, at most. Default 10,000. */
  readonly windowEvents?: number;
  /** How many of them are read at first. Default: as many as are kept. */
  readonly coldEvents?: number;
  /** Objects that are read at a time at first, 2,000 by default: fewer hold up others less, and an engine may read of the log with each page. */
  readonly pageSize?: number;
  /** Bytes of values that they hold, at most. Default 64 MiB. */
  readonly windowBytes?: number;
  /** How often, at most, the store's compacted revision is asked for. Default 5,000 ms. */
  readonly compactedEveryMs?: number;
  /** Milliseconds from any fixed point. */
  readonly now?: () => number;
  /** What is kept of each value: for who needs little of many. Default: all of it. */
  readonly project?: Project;
}

const defaultCapacity = 4096;

export class StoreReplica implements Replica, ChannelHost {
  readonly type: TypeName;
  readonly #store: Store;
  readonly #options: Required<Omit<ReplicaOptions, 'project'>>;
  readonly #project: Project | undefined;
  readonly #byName = new Map<string, StoredEntry>();
  #ordered = new OrderedEntries();
  #window: EventWindow;
  #sealed = new Map<string, Sealed>();
  #revision = 0;
  readonly #channels = new Map<string, Channel>();
  readonly #awake = new Set<Channel>();
  #notifying = false;
  readonly #listeners = new Set<(event: ReplicaEvent) => void>();
  #pulling: Promise<number> | undefined;
  #compactedAsked: number;
  #closed = false;
  #retired = false;

  constructor(store: Store, type: TypeName, options: ReplicaOptions) {
    this.type = type;
    this.#store = store;
    this.#options = {
      windowEvents: options.windowEvents ?? 10_000,
      coldEvents: options.coldEvents ?? options.windowEvents ?? 10_000,
      pageSize: options.pageSize ?? 2000,
      windowBytes: options.windowBytes ?? 64 * 1024 * 1024,
      compactedEveryMs: options.compactedEveryMs ?? 5000,
      now: options.now ?? (() => performance.now()),
    };
    this.#project = options.project;
    this.#window = this.#emptyWindow(0);
    this.#compactedAsked = this.#options.now();
  }

  get revision(): number {
    return this.#revision;
  }

  get oldest(): number {
    return this.#window.floor;
  }

  get size(): number {
    return this.#byName.size;
  }

  get sealed(): ReadonlyMap<string, Sealed> {
    return this.#sealed;
  }

  /** Reads the state anew, keeping listeners: they get what changed meanwhile as events. */
  async load(): Promise<void> {
    const start = await coldStart(this.#store, this.type, {
      window: this.#options.coldEvents,
      pageSize: this.#options.pageSize,
      project: this.#project,
    });
    if (this.#closed) return;
    const before = new Map(this.#byName);
    const entries = start.items.map((item) => {
      const known = before.get(item.name);
      return known?.revision === item.revision ? known : new StoredEntry(item.name, item.revision, item.value);
    });
    this.#byName.clear();
    for (const entry of entries) this.#byName.set(entry.name, entry);
    this.#ordered = new OrderedEntries(entries);
    this.#sealed = new Map(start.sealed.map((each) => [each.name, each]));
    this.#revision = start.revision;
    this.#window = this.#emptyWindow(start.floor);
    this.#rebuildWindow(start.past);
    // Watchers of the state that was replaced would miss what lies between: they must list anew too. They end when the new state is
    // there, so that one that comes back at once does not find the old one.
    this.#endWatches('slow');
    for (const event of differences(before, entries, start.revision)) this.#emit(event);
  }

  async catchUp(minimum?: number): Promise<number> {
    if (this.#closed) throw new StoreError({ code: 'closed', data: {} }, `The replica of ${this.type} is closed.`);
    if (minimum !== undefined && minimum <= this.#revision) return this.#revision;
    const target = minimum ?? (await this.#store.head(this.type));
    while (this.#revision < target && !this.#closed) {
      const joined = this.#pulling !== undefined;
      const head = await this.#pull();
      // Asked for a revision that was never given out: there is nothing to wait for. A reading that had begun before this call
      // cannot tell: its head may be older than what was answered since.
      if (!joined && head <= this.#revision) break;
    }
    return this.#revision;
  }

  /** The store's log may have grown to `head`, or have been compacted. `entries`: the newest of the log, where they came along. */
  noteCommit(head: number, entries: readonly LogEntry[] = []): void {
    if (this.#closed) return;
    const [first] = entries;
    // While the log is being read, its page comes first.
    if (first && first.revision <= this.#revision + 1 && !this.#pulling) this.#applyAll(entries);
    // What fails here is met again, and answered for, by the next catchUp.
    if (head > this.#revision) this.catchUp(head).catch(() => {});
    else if (this.#mayAskCompacted()) this.#forgetCompacted().catch(() => {});
  }

  get(name: string): Entry | undefined {
    return this.#byName.get(name);
  }

  snapshot({ prefix = '', after = '', revision = this.#revision }: SnapshotOptions = {}): Iterable<Entry> {
    if (revision === this.#revision) return restartable(this.#ordered.view(), prefix, after);
    this.#refuseCompacted(revision);
    if (revision > this.#revision)
      throw new RangeError(`${this.type} is at revision ${this.#revision}, not yet at ${revision}`);
    return this.#pastSnapshot(revision, prefix, after);
  }

  watch({ after, prefix = '', filter, capacity = defaultCapacity }: WatchOptions): Watch {
    this.#refuseCompacted(after);
    const key = `${prefix}\n${filter ? `=${filter.key}` : ''}`;
    let channel = this.#channels.get(key);
    if (!channel) {
      channel = new Channel(this, key, prefix, filter);
      this.#channels.set(key, channel);
    }
    const watch = channel.watch(after, capacity, (revision) => this.#window.above(revision));
    if (this.#retired) this.#endWatches('closed');
    return watch;
  }

  onEvent(listener: (event: ReplicaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#endWatches('closed');
  }

  /** Hears of no more commits: its watchers end, and who still reads from it catches up. */
  retire(): void {
    this.#retired = true;
    this.#endWatches('closed');
  }

  wake(channel: Channel): void {
    this.#awake.add(channel);
    if (this.#notifying) return;
    this.#notifying = true;
    setImmediate(() => {
      this.#notifying = false;
      const channels = [...this.#awake];
      this.#awake.clear();
      for (const awake of channels) awake.notify(this.#window.floor);
    });
  }

  drop(channel: Channel): void {
    if (this.#channels.get(channel.key) === channel) this.#channels.delete(channel.key);
    this.#awake.delete(channel);
  }

  /** Applies one more page of the log; all who wait share it. Returns the head that the page saw. */
  #pull(): Promise<number> {
    this.#pulling ??= this.#readLog().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async #readLog(): Promise<number> {
    try {
      const page = await this.#store.log(this.type, this.#revision);
      if (this.#closed) return page.head;
      this.#applyAll(page.entries);
      this.#revision = Math.max(this.#revision, page.through);
      if (this.#mayAskCompacted()) await this.#forgetCompacted();
      return page.head;
    } catch (error) {
      if (!isCompacted(error)) throw error;
      // The log is gone from where this replica stands.
      await this.load();
      return Number.MAX_SAFE_INTEGER;
    }
  }

  #applyAll(entries: readonly LogEntry[]): void {
    for (const entry of entries) if (entry.revision > this.#revision) this.#apply(entry);
  }

  #apply(logged: LogEntry): void {
    const value = this.#project ? this.#project(logged.value) : logged.value;
    const entry = new StoredEntry(logged.name, logged.revision, value);
    const event = new AppliedEvent(typeOf(logged), entry, this.#byName.get(logged.name));
    if (logged.op === 'put') {
      this.#byName.set(entry.name, entry);
      this.#ordered.set(entry);
    } else {
      this.#byName.delete(entry.name);
      this.#ordered.delete(entry.name);
    }
    this.#sealed.delete(entry.name);
    this.#revision = logged.revision;
    this.#window.push(event);
    this.#emit(event);
    for (const channel of this.#channels.values()) channel.apply(event);
    // Those who wanted to look at what is over have looked.
    event.previous?.forgetObject();
    if (logged.op === 'delete') entry.forgetObject();
  }

  /** Gives up the parsed form of every object, until somebody asks for it again. */
  forgetObjects(): void {
    for (const entry of this.#byName.values()) entry.forgetObject();
    this.#window.forgetObjects();
  }

  #emit(event: ReplicaEvent): void {
    for (const listener of this.#listeners)
      try {
        listener(event);
      } catch (error) {
        // A listener's bug must not leave the replica half applied; it still surfaces as an uncaught error.
        queueMicrotask(() => {
          throw error;
        });
      }
  }

  #rebuildWindow(past: readonly LogEntry[]): void {
    const known = new Map<string, StoredEntry>();
    for (const logged of past) {
      const current = this.#byName.get(logged.name);
      const entry =
        logged.op === 'put' && current?.revision === logged.revision
          ? current
          : new StoredEntry(logged.name, logged.revision, logged.value);
      this.#window.push(new AppliedEvent(typeOf(logged), entry, known.get(logged.name)));
      if (logged.op === 'put') known.set(entry.name, entry);
      else known.delete(entry.name);
    }
  }

  #pastSnapshot(revision: number, prefix: string, after: string): Iterable<Entry> {
    // What each key was before its first event since: undefined where it did not exist.
    const replaced = new Map<string, StoredEntry | undefined>();
    for (const event of this.#window.above(revision)) {
      const { name } = event.entry;
      if (replaced.has(name) || !name.startsWith(prefix) || compareNames(name, after) <= 0) continue;
      if (event.previousUnknown) throw this.#compactedError(revision);
      replaced.set(name, event.previous);
    }
    const view = this.#ordered.view();
    return { [Symbol.iterator]: () => overlaid(entriesFrom(view, prefix, after), replaced) };
  }

  #mayAskCompacted(): boolean {
    const now = this.#options.now();
    if (now - this.#compactedAsked < this.#options.compactedEveryMs) return false;
    this.#compactedAsked = now;
    return true;
  }

  /** Every replica of a store forgets what the store forgot, so that all of them answer alike. */
  async #forgetCompacted(): Promise<void> {
    const { compacted } = await this.#store.bounds(this.type);
    this.#window.forget(Math.min(compacted, this.#revision));
  }

  #refuseCompacted(revision: number): void {
    if (revision < this.oldest) throw this.#compactedError(revision);
  }

  #compactedError(revision: number): StoreError {
    return new StoreError(
      { code: 'compacted', data: { type: this.type, compactedRevision: this.oldest } },
      `${this.type} at revision ${revision} is gone: the oldest that can be told is ${this.oldest}.`,
    );
  }

  #endWatches(reason: 'slow' | 'closed'): void {
    const channels = [...this.#channels.values()];
    // Nobody joins a channel that ends: its events do not reach as far as the replica does.
    this.#channels.clear();
    for (const channel of channels) channel.endWatches(reason);
  }

  #emptyWindow(floor: number): EventWindow {
    return new EventWindow(floor, this.#options.windowEvents, this.#options.windowBytes);
  }
}

function typeOf(logged: LogEntry): ReplicaEvent['type'] {
  if (logged.op === 'delete') return 'DELETED';
  return logged.previousRevision === 0 ? 'ADDED' : 'MODIFIED';
}

/** Entries in order, with some replaced by what they were. */
function* overlaid(
  entries: Iterable<StoredEntry>,
  replaced: ReadonlyMap<string, StoredEntry | undefined>,
): Generator<StoredEntry> {
  const old = [...replaced.values()].filter((entry) => entry !== undefined);
  old.sort((a, b) => compareNames(a.name, b.name));
  let next = 0;
  for (const entry of entries) {
    for (let past = old[next]; past && compareNames(past.name, entry.name) <= 0; past = old[++next]) yield past;
    if (!replaced.has(entry.name)) yield entry;
  }
  yield* old.slice(next);
}

function restartable(view: ReturnType<OrderedEntries['view']>, prefix: string, after: string): Iterable<Entry> {
  return { [Symbol.iterator]: () => entriesFrom(view, prefix, after) };
}

/** The events between two states, for listeners that were there before; in the order of revisions, deletes last. */
function* differences(
  before: ReadonlyMap<string, StoredEntry>,
  now: readonly StoredEntry[],
  revision: number,
): Generator<ReplicaEvent> {
  if (before.size === 0) {
    for (const entry of now) yield new AppliedEvent('ADDED', entry, undefined);
    return;
  }
  const gone = new Map(before);
  const changed: StoredEntry[] = [];
  for (const entry of now) {
    gone.delete(entry.name);
    if (before.get(entry.name)?.revision !== entry.revision) changed.push(entry);
  }
  changed.sort((a, b) => a.revision - b.revision);
  for (const entry of changed) {
    const previous = before.get(entry.name);
    yield new AppliedEvent(previous ? 'MODIFIED' : 'ADDED', entry, previous);
  }
  for (const entry of gone.values()) yield new AppliedEvent('DELETED', entry.at(revision), entry);
}
