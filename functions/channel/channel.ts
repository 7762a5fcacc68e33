// What comes over the channel: edges that want to hear which logs move, and the ends of streams, which speak with each other. Whoever comes
// has a ticket of the API server's.

import { openTicket } from '../../core/edge/ticket.ts';
import { openStreamTicket } from '../../core/node/channel/ticket.ts';
import type { ChannelAnswer, ChannelEvent } from './events.ts';
import { answerStream, type StreamOptions } from './streams.ts';
import { answerWish, type WishOptions } from './wishes.ts';

export interface ChannelOptions {
  readonly wishes: WishOptions;
  readonly streams: StreamOptions;
  readonly now: () => number;
}

export async function answerChannel(options: ChannelOptions, event: ChannelEvent): Promise<ChannelAnswer> {
  const { wishes, streams, now } = options;
  const { routeKey, connectionId } = event.requestContext;
  if (routeKey === '$connect') {
    const bearer = bearerOf(event);
    const known = openTicket(bearer, wishes.key, now()) ?? openStreamTicket(bearer, streams.key, now());
    return { statusCode: known ? 200 : 401 };
  }
  if (routeKey === '$disconnect') {
    await wishes.subscriptions.drop(connectionId);
    return { statusCode: 200 };
  }
  const text = event.body ?? '';
  return (await answerStream(streams, connectionId, text)) ?? answerWish(wishes, connectionId, text);
}

function bearerOf({ headers }: ChannelEvent): string {
  const found = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  return found.startsWith('Bearer ') ? found.slice('Bearer '.length) : '';
}
