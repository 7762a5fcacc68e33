// Who wants to hear that logs have moved, over connections that others hold (API Gateway's WebSockets). Outside the log: what is lost here
// is asked for again.

import type { TypeName } from './store.ts';

/** Throws StoreError (`throttled`). */
export interface Subscriptions {
  /** Instead of what the connection wanted before, until then (Unix milliseconds). */
  put(connection: string, types: readonly TypeName[], untilMs: number): Promise<void>;
  drop(connection: string): Promise<void>;
  /** Connections, with those of the types that each wants. */
  of(types: ReadonlySet<TypeName>): Promise<ReadonlyMap<string, readonly TypeName[]>>;
}
