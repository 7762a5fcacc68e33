// Node heartbeats: the newest time at which each node was heard, and what it said that it uses, outside the log (D5). A lost beat is
// made good by the next.

export interface Heartbeats {
  /**
   * Notes that `node` was alive at `atMs` (Unix milliseconds). An older time than the noted one changes nothing. `usage`: bytes that
   * are kept instead of those kept before (core/node/usage.ts); without it those stay.
   */
  beat(node: string, atMs: number, usage?: Uint8Array): Promise<void>;
  /** The newest beat of every node, in Unix milliseconds. */
  all(): Promise<Map<string, number>>;
  /** The usage of every node that told any, however long ago. May be a second behind, and forgotten over a restart. */
  usages(): Promise<Map<string, Uint8Array>>;
  /** Forgets a node that was removed. */
  forget(node: string): Promise<void>;
}
