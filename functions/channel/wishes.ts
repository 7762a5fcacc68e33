// What edges say over the channel: what they want to hear of. Who may hear of a type has the API server's ticket for it.

import { headsText, openTicket, readWish } from '../../core/edge/ticket.ts';
import type { Store, TypeName } from '../../core/store/store.ts';
import type { Subscriptions } from '../../core/store/subscriptions.ts';
import type { ChannelAnswer } from './events.ts';

export interface WishOptions {
  readonly subscriptions: Subscriptions;
  readonly store: Pick<Store, 'head'>;
  readonly key: Buffer;
  readonly now: () => number;
}

/** API Gateway ends connections after two hours. */
const longestMs = 2 * 3600_000;

export async function answerWish(options: WishOptions, connection: string, text: string): Promise<ChannelAnswer> {
  const { subscriptions, store, key, now } = options;
  const types = new Set<TypeName>();
  let untilMs = now() + longestMs;
  for (const each of readWish(text)?.tickets ?? []) {
    const ticket = openTicket(each, key, now());
    if (!ticket) continue;
    types.add(ticket.type);
    untilMs = Math.min(untilMs, ticket.until * 1000);
  }
  if (types.size === 0) {
    await subscriptions.drop(connection);
    return { statusCode: 400, body: headsText(new Map()) };
  }
  // First, so that what moves after the heads are read is told.
  await subscriptions.put(connection, [...types], untilMs);
  const heads = await Promise.all([...types].map(async (type) => [type, await store.head(type)] as const));
  return { statusCode: 200, body: headsText(new Map(heads)) };
}
