// What comes over the channel: edges that come, say what they want to hear of, and leave. Who may hear of a type has the API server's
// ticket for it. Source: API Gateway developer guide, "WebSocket APIs": routes $connect, $disconnect, $default, two-way communication.

import { headsText, openTicket, readWish } from '../../core/edge/ticket.ts';
import type { Store, TypeName } from '../../core/store/store.ts';
import type { Subscriptions } from '../../core/store/subscriptions.ts';

/** What is read of an event of a WebSocket API. */
export interface ChannelEvent {
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly requestContext: { readonly routeKey: string; readonly connectionId: string };
  readonly body?: string | null;
}

export interface ChannelAnswer {
  readonly statusCode: number;
  readonly body?: string;
}

export interface WishOptions {
  readonly subscriptions: Subscriptions;
  readonly store: Pick<Store, 'head'>;
  readonly key: Buffer;
  readonly now: () => number;
}

/** API Gateway ends connections after two hours. */
const longestMs = 2 * 3600_000;

export async function answerChannel(options: WishOptions, event: ChannelEvent): Promise<ChannelAnswer> {
  const { subscriptions, store, key, now } = options;
  const { routeKey, connectionId } = event.requestContext;
  if (routeKey === '$connect') return { statusCode: openTicket(bearerOf(event), key, now()) ? 200 : 401 };
  if (routeKey === '$disconnect') {
    await subscriptions.drop(connectionId);
    return { statusCode: 200 };
  }
  const types = new Set<TypeName>();
  let untilMs = now() + longestMs;
  for (const each of readWish(event.body ?? '')?.tickets ?? []) {
    const ticket = openTicket(each, key, now());
    if (!ticket) continue;
    types.add(ticket.type);
    untilMs = Math.min(untilMs, ticket.until * 1000);
  }
  if (types.size === 0) {
    await subscriptions.drop(connectionId);
    return { statusCode: 400, body: headsText(new Map()) };
  }
  // First, so that what moves after the heads are read is told.
  await subscriptions.put(connectionId, [...types], untilMs);
  const heads = await Promise.all([...types].map(async (type) => [type, await store.head(type)] as const));
  return { statusCode: 200, body: headsText(new Map(heads)) };
}

function bearerOf({ headers }: ChannelEvent): string {
  const found = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  return found.startsWith('Bearer ') ? found.slice('Bearer '.length) : '';
}
