// A type's log as one watch needs it: nothing is held of what the type holds, beyond the state that the watch begins with. What an object
// was before a change is read from the log, where a filter has to know it.

import type { Store, TypeName } from '../store/store.ts';
import { type LogEntry, StoreError } from '../store/store.ts';
import { AppliedEvent } from './applied-event.ts';
import type { Filter, Replica, Watch, WatchEvent, WatchOptions } from './replica.ts';
import { StoredEntry } from './stored-entry.ts';

export interface LogReplicaOptions {
  /** Of the names that are watched. */
  readonly prefix: string;
  /** Whether the watch begins with what there is. */
  readonly withState: boolean;
}

/** Entries that are read at once, and events that may wait for a reader who is slow: the log keeps the others. */
const pageEntries = 100;
const waitingEvents = 200;
/** Of states that were seen last: what changes often is changed again. */
const recentBytes = 4 * 1024 * 1024;

/** Resolves when it is at the head as of this call. */
export async function openLogReplica(store: Store, type: TypeName, options: LogReplicaOptions): Promise<Replica> {
  const replica = new LogReplica(store, type, options);
  await replica.load();
  return replica;
}

class LogReplica implements Replica {
  readonly type: TypeName;
  readonly sealed = new Map<string, never>();
  readonly #store: Store;
  readonly #options: LogReplicaOptions;
  #revision = 0;
  #oldest = 0;
  #state: readonly StoredEntry[] = [];
  #watch: LogWatch | undefined;
  #reading: Promise<number> | undefined;
  #recent = new Map<string, StoredEntry>();
  #recentBytes = 0;

  constructor(store: Store, type: TypeName, options: LogReplicaOptions) {
    this.#store = store;
    this.type = type;
    this.#options = options;
  }

  get revision(): number {
    return this.#revision;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get size(): number {
    return this.#state.length;
  }

  async load(): Promise<void> {
    const { prefix, withState } = this.#options;
    const { compacted, head } = await this.#store.bounds(this.type);
    this.#oldest = compacted;
    if (!withState) {
      this.#revision = head;
      return;
    }
    const state: StoredEntry[] = [];
    let page = await this.#store.list(this.type, { prefix });
    const { revision } = page;
    for (;;) {
      for (const item of page.items) state.push(new StoredEntry(item.name, item.revision, item.value));
      const last = page.items.at(-1);
      if (!page.more || !last) break;
      page = await this.#store.list(this.type, { prefix, after: last.name, revision });
    }
    this.#state = state;
    this.#revision = revision;
  }

  catchUp(): Promise<number> {
    this.#reading ??= (this.#watch ? this.#read(this.#watch) : this.#look()).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  get(name: string): StoredEntry | undefined {
    return this.#state.find((each) => each.name === name);
  }

  /** What the watch begins with. */
  snapshot(): Iterable<StoredEntry> {
    return this.#state;
  }

  /** One alone. */
  watch({ after, prefix = '', filter }: WatchOptions): Watch {
    this.#state = [];
    this.#watch = new LogWatch(after, prefix, filter);
    return this.#watch;
  }

  /** Nobody hears of anything but by the watch: before there is one, the log is looked at (`catchUp`). */
  onEvent(): () => void {
    return () => undefined;
  }

  close(): void {
    this.#watch?.endWith('closed');
  }

  async #look(): Promise<number> {
    if ((await this.#store.head(this.type)) !== this.#revision) await this.load();
    return this.#revision;
  }

  async #read(watch: LogWatch): Promise<number> {
    const head = await this.#store.head(this.type);
    try {
      while (watch.revision < head && watch.waiting < waitingEvents && !watch.ended) {
        const { entries, through } = await this.#store.log(this.type, watch.revision, pageEntries);
        // Each with its revision: what was told is not told again, wherever the reading of what was before it fails or takes long.
        for (const entry of entries)
          if (entry.name.startsWith(watch.prefix)) watch.push(await this.#applied(entry, watch.filter));
        watch.reached(through);
      }
    } catch (error) {
      if (!isCompacted(error)) throw error;
      watch.endWith('slow');
    }
    this.#revision = Math.max(this.#revision, watch.revision);
    return this.#revision;
  }

  async #applied(logged: LogEntry, filter: Filter | undefined): Promise<AppliedEvent> {
    const { name, op, previousRevision, revision, value } = logged;
    const entry = new StoredEntry(name, revision, value);
    if (op === 'delete') {
      this.#recent.delete(name);
      return new AppliedEvent('DELETED', entry, undefined);
    }
    const previous = filter && previousRevision > 0 ? await this.#stateAt(name, previousRevision) : undefined;
    if (filter) this.#keep(entry);
    return new AppliedEvent(previousRevision === 0 ? 'ADDED' : 'MODIFIED', entry, previous);
  }

  /** undefined: the log does not reach back to it. */
  async #stateAt(name: string, revision: number): Promise<StoredEntry | undefined> {
    const known = this.#recent.get(name);
    if (known?.revision === revision) return known;
    try {
      const { entries } = await this.#store.log(this.type, revision - 1, 1);
      const [found] = entries;
      return found?.revision === revision ? new StoredEntry(name, revision, found.value) : undefined;
    } catch (error) {
      if (isCompacted(error)) return undefined;
      throw error;
    }
  }

  #keep(entry: StoredEntry): void {
    this.#recentBytes += entry.bytes.length;
    if (this.#recentBytes > recentBytes) {
      this.#recent.clear();
      this.#recentBytes = entry.bytes.length;
    }
    this.#recent.set(entry.name, entry);
  }
}

class LogWatch implements Watch {
  onReady: (() => void) | undefined;
  readonly prefix: string;
  readonly filter: Filter | undefined;
  #events: WatchEvent[] = [];
  #revision: number;
  #ended: Watch['ended'];

  constructor(after: number, prefix: string, filter: Filter | undefined) {
    this.#revision = after;
    this.prefix = prefix;
    this.filter = filter;
  }

  get revision(): number {
    return this.#revision;
  }

  get ended(): Watch['ended'] {
    return this.#ended;
  }

  get waiting(): number {
    return this.#events.length;
  }

  push(event: AppliedEvent): void {
    const seen = event.typesSeenBy(this.prefix, this.filter);
    if (seen) this.#events.push(seen);
    this.#revision = event.revision;
  }

  reached(revision: number): void {
    this.#revision = revision;
    if (this.#events.length > 0) this.onReady?.();
  }

  drain(): readonly WatchEvent[] {
    return this.#events.splice(0);
  }

  endWith(reason: 'slow' | 'closed'): void {
    this.#ended ??= reason;
    this.onReady?.();
  }

  close(): void {
    this.onReady = undefined;
    this.endWith('closed');
  }
}

function isCompacted(error: unknown): boolean {
  return error instanceof StoreError && error.failure.code === 'compacted';
}
