// Node heartbeats: the newest time at which each node was heard, outside the log (D5). A lost beat is made good by the next.

export interface Heartbeats {
  /** Notes that `node` was alive at `atMs` (Unix milliseconds). An older time than the noted one changes nothing. */
  beat(node: string, atMs: number): Promise<void>;
  /** The newest beat of every node, in Unix milliseconds. */
  all(): Promise<Map<string, number>>;
  /** Forgets a node that was removed. */
  forget(node: string): Promise<void>;
}
