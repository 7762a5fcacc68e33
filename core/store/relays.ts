// Short-lived streams of bytes between two processes that only share the store: a function that a client waits at, and the one that a
// node's agent posts to. Outside the log. What is stored goes by itself, some time after its stream has ended.

export interface RelayKey {
  readonly node: string;
  /** Of one stream. Hard to guess. */
  readonly id: string;
}

/** `up`: from the node to the client. */
export type RelayDirection = 'up' | 'down';

export interface RelayBatch {
  /** From 1, without gaps. */
  readonly batch: number;
  readonly bytes: Uint8Array;
  /** Nothing follows. */
  readonly end: boolean;
}

/** What the client's side has told the node's. */
export interface RelayState {
  /** The one that serves the stream; undefined: none yet. */
  readonly writer: string | undefined;
  /** The client's side is there at least until then, in Unix milliseconds. */
  readonly untilMs: number;
  /** The last batch that was read of `up`. */
  readonly taken: number;
  /** The last batch that was put into `down`. */
  readonly sent: number;
}

/** Every operation may be repeated. All reads are strongly consistent. Throws StoreError (`throttled`). */
export interface Relays {
  /** The client's side: it waits, has read and has sent so far. */
  note(key: RelayKey, state: Omit<RelayState, 'writer'>): Promise<void>;
  /** The client's side has gone. */
  close(key: RelayKey): Promise<void>;
  /** The first that enters serves the stream: whoever is told another `writer` than it gave is late. Undefined: nobody waits. */
  enter(key: RelayKey, writer: string): Promise<RelayState | undefined>;
  look(key: RelayKey): Promise<RelayState | undefined>;
  put(key: RelayKey, direction: RelayDirection, batch: RelayBatch): Promise<void>;
  /** Batches behind `batch`, in order, perhaps not all that there are. */
  after(key: RelayKey, direction: RelayDirection, batch: number): Promise<RelayBatch[]>;
}
