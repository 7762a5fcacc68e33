// Which connections the two ends of a stream hold (API Gateway's WebSockets), so that they find each other. Outside the log: it goes by
// itself, some time after its stream.

export type StreamEnd = 'client' | 'node';

export interface StreamEnds {
  /**
   * The end of this name is at `connection` from now on. The first `writer` that comes is that end: undefined for whoever comes as another.
   * Resolves with the connection of the other end, where that has come. Throws StoreError (`throttled`).
   */
  join(stream: string, end: StreamEnd, came: { writer: string; connection: string }): Promise<Met | undefined>;
}

export interface Met {
  readonly other: string | undefined;
}
