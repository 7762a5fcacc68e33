// The Store contract: what every engine promises. It knows keys, types and bytes, nothing of Kubernetes.
// Decisions D1-D3. `contract.ts` beside this file is the suite that any engine must pass.

/** A resource type, such as `apps/deployments`. Each type has a log of its own, with dense revisions from 1. */
export type TypeName = string;

export interface Item {
  /** The key within its type: `namespace/name`, or `name`. */
  readonly name: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** What is written. The engine inserts the commit's revision, in decimal, at `revisionOffset` (bytes), so that stored bytes can be served as they are. */
export interface Value {
  readonly bytes: Uint8Array;
  readonly revisionOffset?: number;
}

/** The revision that the key must have now: 0 = it must not exist, 'any' = whatever it is. */
export type Expected = number | 'any';

export interface Put {
  readonly op: 'put';
  readonly type: TypeName;
  readonly name: string;
  readonly expect: Expected;
  readonly value: Value;
  /** Unix time in seconds after which the engine deletes the item, through the log like any delete. */
  readonly expiresAt?: number;
  /** Who writes it, for the log: told again by `past` alone. Short: every entry carries it. */
  readonly by?: string;
  /** The group that the object is in from this write on, and the one that it was in before (groups.ts): where it changes. */
  readonly joins?: string;
  readonly leaves?: string;
}

export interface Delete {
  readonly op: 'delete';
  readonly type: TypeName;
  readonly name: string;
  readonly expect: Expected;
  /**
   * The last state, which the log entry carries to watchers. Without it the entry carries the stored value, with the delete's
   * revision where the value was put with a `revisionOffset`.
   */
  readonly value?: Value;
  /** As in a put. */
  readonly by?: string;
  /** The group that the object was in. */
  readonly leaves?: string;
}

/** A condition without a write: the commit fails unless it holds. */
export interface Check {
  readonly op: 'check';
  readonly type: TypeName;
  readonly name: string;
  readonly expect: number;
}

export type Write = Put | Delete | Check;

/** Writes of one commit, in every engine: each takes two of the 100 items of a DynamoDB transaction, its key's and the log's. */
export const maximumWrites = 50;
/** With what they say of groups, each of which is another item. */
export const maximumItems = 2 * maximumWrites;

/** One per write, in order. A check, or a delete of what does not exist with expect 'any', has the revision 0. */
export interface Committed {
  readonly revision: number;
  /** The stored bytes (revision inserted). For a delete, the last state. */
  readonly value?: Uint8Array;
}

export interface LogEntry {
  readonly op: 'put' | 'delete';
  readonly name: string;
  readonly revision: number;
  /** The revision of the key's value before this entry; 0 when it did not exist. */
  readonly previousRevision: number;
  /** For a delete, the last state. */
  readonly value: Uint8Array;
}

/** An entry with what nobody needs to follow the log. */
export interface PastEntry extends LogEntry {
  /** When it was written, in Unix milliseconds; 0: longer ago than the log reaches. Absent where an older version wrote it. */
  readonly at?: number;
  /** As it was given with the write. */
  readonly by?: string;
}

export interface PastOptions {
  /** An entry of the key to go on at, as an earlier page named it. Default: its newest. */
  readonly from?: number;
  /** Only entries up to this revision. */
  readonly revision?: number;
  /** Only entries up to this time, in Unix milliseconds. */
  readonly time?: number;
  /** Default 100. */
  readonly limit?: number;
}

export interface PastPage {
  /** The newest first. */
  readonly entries: readonly PastEntry[];
  /** Where to go on, also where this page is shorter than its limit. */
  readonly more?: number;
  /** What the last entry replaced is no longer in the log. */
  readonly gone: boolean;
}

export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** Everything up to and including this revision is in `entries` or was in earlier pages: no gap, for good. */
  readonly through: number;
  /** The type's head when the page was read. */
  readonly head: number;
}

export interface Bounds {
  /** The revision up to which the log is gone: reads after an older revision fail. */
  readonly compacted: number;
  /** The newest revision; 0 for a type that was never written. */
  readonly head: number;
}

export interface ListOptions {
  /** Only names that start with it, such as `default/`. */
  readonly prefix?: string;
  /** Continue strictly after this name. */
  readonly after?: string;
  readonly limit?: number;
  /** Exactly the state at this revision; default: the newest. Fails with `compacted` when the log no longer reaches back to it. */
  readonly revision?: number;
  /** What cannot be decrypted is listed as such beside the others, where the list would fail of it otherwise. */
  readonly includeSealed?: boolean;
}

/** A value that is encrypted, and whose key is not there or does not open it (store/encrypted). */
export interface Sealed {
  readonly name: string;
  readonly revision: number;
  readonly why: string;
}

export interface ListPage {
  /** In order of names, by code point (the order of their UTF-8 bytes). */
  readonly items: readonly Item[];
  readonly revision: number;
  readonly more: boolean;
  /** Where they were asked for and there are some. */
  readonly sealed?: readonly Sealed[];
}

/** Entries of a page of `past`, unless the caller says otherwise. */
export const defaultPastLimit = 100;

/** Entries that one call of `past` looks at, however few of them are asked for. */
export const pastSteps = 1000;

/** `entries`, where the engine has them at hand: the newest of the type's log, in order and without gaps, up to `head`. */
export type CommitListener = (type: TypeName, head: number, entries?: readonly LogEntry[]) => void;

export interface Store {
  /** The newest committed state of a key. */
  get(type: TypeName, name: string): Promise<Item | undefined>;
  list(type: TypeName, options?: ListOptions): Promise<ListPage>;
  /** All or nothing, up to `maximumWrites`; at most one write per key. Answered means durable. */
  commit(writes: readonly Write[]): Promise<Committed[]>;
  /** Independent writes that share one sync and one block of revisions. Each succeeds or fails alone. */
  commitEach(writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]>;
  /** Entries with a revision above `after`, in order, without gaps. Fails with `compacted` when `after` is below the compacted revision. */
  log(type: TypeName, after: number, limit?: number): Promise<LogPage>;
  /**
   * One key's entries, each found through the one that replaced it: what it is and was since it was last created, or until it was last
   * deleted. Earlier lives under the same name are other objects'.
   */
  past(type: TypeName, name: string, options?: PastOptions): Promise<PastPage>;
  /**
   * The newest revision that was written up to a time, in Unix milliseconds; 0 for a time before the first. Fails with `compacted` where the
   * log does not reach back so far.
   */
  revisionAt(type: TypeName, time: number): Promise<number>;
  /** The newest revision of a type; 0 for a type that was never written. */
  head(type: TypeName): Promise<number>;
  /** How far a type's log reaches, both ends as of one moment. */
  bounds(type: TypeName): Promise<Bounds>;
  /** Forget log entries up to `revision`. Current items stay. */
  compact(type: TypeName, revision: number): Promise<void>;
  /** Types that have been written. */
  types(): Promise<TypeName[]>;
  /** Called after commits that this process made or heard of. A notice may be lost, doubled or late. Returns the unsubscriber. */
  onCommit(listener: CommitListener): () => void;
  close(): Promise<void>;
}

export interface StoreFailures {
  /** An expectation did not hold. `current` is the key's state now (absent: it does not exist). */
  conflict: { readonly type: TypeName; readonly name: string; readonly current?: Item };
  /** The revision asked for is no longer in the log. */
  compacted: { readonly type: TypeName; readonly compactedRevision: number };
  /** A value or a transaction above the engine's limit, in bytes. */
  tooLarge: { readonly name: string; readonly size: number; readonly limit: number };
  /** Try again after a pause. Nothing was written. */
  throttled: { readonly retryAfterMs: number };
  /** It may have happened. The engine tried to find out and could not; the caller reads before it writes again. */
  ambiguous: { readonly type: TypeName; readonly name: string };
  /** No room on the device. Nothing was written. */
  full: { readonly path: string };
  /** It holds as many bytes, or objects, as it may: what would grow it is refused. Nothing was written. */
  overQuota: { readonly limit: number; readonly objects?: number };
  /** The store's file cannot be opened: another process has it, a newer program wrote it, or it is not a store. */
  unusable: { readonly path: string; readonly reason: 'locked' | 'newer' | 'unreadable' };
  sealed: Sealed & { readonly type: TypeName };
  closed: Record<string, never>;
}

export type StoreFailure = keyof StoreFailures;

type FailureOf<F extends StoreFailure> = F extends StoreFailure ? { code: F; data: StoreFailures[F] } : never;

/** A failure of the store: narrow on `failure.code` to get its data. */
export class StoreError extends Error {
  readonly failure: FailureOf<StoreFailure>;

  constructor(failure: FailureOf<StoreFailure>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.failure = failure;
  }
}
