// Tells the edges that want to hear of it which logs have moved, and up to where. Nothing counts on it (D2).

import { headsText } from '../../core/edge/ticket.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { Subscriptions } from '../../core/store/subscriptions.ts';

export interface AnnounceOptions {
  readonly subscriptions: Subscriptions;
  /** False: the connection is gone. */
  readonly post: (connection: string, text: string) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

/** Posts that are under way at once. */
const atOnce = 32;

export async function announce(options: AnnounceOptions, heads: ReadonlyMap<TypeName, number>): Promise<void> {
  const { subscriptions, post, onError } = options;
  if (heads.size === 0) return;
  const waiting = [...(await subscriptions.of(new Set(heads.keys())))];
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [connection, types] = next;
      const told = new Map(types.map((type) => [type, heads.get(type) ?? 0]));
      try {
        if (!(await post(connection, headsText(told)))) await subscriptions.drop(connection);
      } catch (error) {
        onError(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
