// The Replica contract: one resource type in memory, exact at a revision, caught up from the log (D3).
// It knows no Kubernetes: a filter is a key and a predicate.

import type { Sealed, TypeName } from '../store/store.ts';
import type { Stored } from './stored-type.ts';

/** One object at one revision. Shared by every reader: never change `object`. */
export interface Entry<O = unknown> {
  readonly name: string;
  readonly revision: number;
  /** The stored bytes, JSON. */
  readonly bytes: Uint8Array;
  /** `bytes` parsed, once, on first use. */
  readonly object: O;
}

export interface ReplicaEvent<O = unknown> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** For DELETED the last state, with this event's revision. */
  readonly entry: Entry<O>;
  /** The state before, where it is known. */
  readonly previous?: Entry<O>;
}

/** Watchers with the same `key` share one evaluation. */
export interface Filter {
  readonly key: string;
  matches(entry: Entry): boolean;
}

export interface SnapshotOptions {
  readonly prefix?: string;
  /** Strictly after this name. */
  readonly after?: string;
  /** Exactly this revision; default: the replica's own. */
  readonly revision?: number;
}

export interface WatchOptions {
  /** Events above this revision. */
  readonly after: number;
  readonly prefix?: string;
  readonly filter?: Filter;
  /** Events that may wait for this watcher before it is ended with `slow`. Default 4096. */
  readonly capacity?: number;
}

/** What a watcher receives: its own view of an event (an object that stops matching is DELETED to it). */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly entry: Entry;
  /** `{"type":...,"object":...}\n`, encoded once for all watchers that see the same. */
  readonly line: Uint8Array;
}

export interface Watch {
  /** Everything queued, at once. Empty when nothing is queued. */
  drain(): readonly WatchEvent[];
  /** All events up to this revision were queued: what a bookmark may say once the queue is drained. */
  readonly revision: number;
  /** Why the watch ended, if it did: slow = its queue overran, closed = the replica was closed. */
  readonly ended: 'slow' | 'closed' | undefined;
  /** Called (at most once per turn of the event loop) when there is something to drain, or the watch ended. */
  onReady: (() => void) | undefined;
  close(): void;
}

/** `O`: what its objects are. */
export interface Replica<O = unknown> {
  readonly type: TypeName;
  /** The revision that the replica is exact at. */
  readonly revision: number;
  /** The oldest revision that `watch` and `snapshot` reach. */
  readonly oldest: number;
  readonly size: number;
  /** What exists and cannot be decrypted, by name: it is in no snapshot. */
  readonly sealed: ReadonlyMap<string, Sealed>;
  /** Exact at the store's head as of this call, or at `minimum` where given. Returns the revision reached. */
  catchUp(minimum?: number): Promise<number>;
  get(name: string): Entry<O> | undefined;
  /** In order of names. Throws StoreError `compacted` when `revision` is below `oldest`. */
  snapshot(options?: SnapshotOptions): Iterable<Entry<O>>;
  /** Throws StoreError `compacted` when `after` is below `oldest`. */
  watch(options: WatchOptions): Watch;
  /** Every event as it is applied, in order, synchronously: for indexes and reconcile loops in the same process. */
  onEvent(listener: (event: ReplicaEvent<O>) => void): () => void;
  close(): void;
}

/** The replicas of one process, made on first use and kept. */
export interface Replicas {
  /** Ready to read: it has caught up once. */
  of<T extends TypeName>(type: T): Promise<Replica<Stored<T>>>;
  /** The one that `of` made, if it is ready. */
  peek<T extends TypeName>(type: T): Replica<Stored<T>> | undefined;
  /**
   * Gives up the replicas of all other types: with what they hold, as soon as nobody reads from them. Their watchers are ended once they
   * have had what waits for them. `of` makes a new one.
   */
  keepOnly(isKept: (type: TypeName) => boolean): void;
  close(): void;
}
