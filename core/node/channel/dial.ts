// One end of a stream comes to the channel: a WebSocket, a join with the ticket that the API server gave, and what is said from then on. A
// connection that breaks is made anew, and the stream goes on.

import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { StreamEnd } from '../../store/stream-ends.ts';
import type { FrameSocket } from '../frame-socket.ts';
import type { ChannelOffer, StreamRequest } from '../protocol.ts';
import { unavailable } from '../unreachable-node.ts';
import { type ChannelTimes, channelSocket } from './channel-socket.ts';
import { createSealer } from './seal.ts';
import { readStreamNews, type StreamWord } from './ticket.ts';

export interface DialOptions {
  readonly offer: ChannelOffer;
  readonly id: string;
  readonly request: StreamRequest;
  readonly end: StreamEnd;
  readonly other: string;
  /** The roots (PEM) by which the channel is checked, if not the machine's own. */
  readonly ca?: string;
  readonly signal?: AbortSignal;
  readonly times?: ChannelTimes;
}

/** Tickets and addresses last longer; API Gateway ends connections on which nothing was said for ten minutes. */
const joinAgainMs = 4 * 60_000;
/** While the other end has not come, or its connection is gone: what tells of it may be lost. At first, and at most. */
const joinSoonMs = { first: 1000, most: 4000 };
const joinTimeoutMs = 10_000;
/** In this machine's own buffers, above which nothing more is given to them. */
const bufferedBytes = 128 * 1024;
const reconnectMs = { least: 100, most: 2000 };

/** Resolves when it is the stream's end; rejects when another is, or the channel cannot be had. */
export function dialChannel(options: DialOptions): Promise<FrameSocket> {
  const { offer, id, request, end, other, ca, signal, times } = options;
  const writer = randomUUID();
  let { ticket } = offer;
  let peer: string | undefined;
  let socket: WebSocket | undefined;
  let joining: NodeJS.Timeout | undefined;
  let opening: NodeJS.Timeout | undefined;
  let failures = 0;
  let soonMs: number = joinSoonMs.first;
  let over = false;
  let joined: () => void = () => undefined;
  let refused: (error: Error) => void = () => undefined;
  const standing = new Promise<void>((resolve, reject) => {
    joined = resolve;
    refused = reject;
  });

  const say = (word: StreamWord): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(word));
  };
  const stream = channelSocket({
    sealer: createSealer({ secret: Buffer.from(offer.secret, 'base64url'), id, request, end }),
    other,
    post: (data) => {
      if (peer !== undefined) say({ to: peer, data });
    },
    mayPost: () => (socket?.bufferedAmount ?? 0) < bufferedBytes,
    onOver: () => leave(unavailable('the channel to the node cannot be reached')),
    ...(times && { times }),
  });
  const leave = (error: Error): void => {
    if (over) return;
    over = true;
    clearTimeout(joining);
    clearTimeout(opening);
    signal?.removeEventListener('abort', abort);
    refused(error);
    socket?.close();
  };
  const abort = () => {
    stream.fail('is waited for by nobody any more');
  };
  const join = (): void => {
    clearTimeout(joining);
    if (over) return;
    say({ join: ticket, writer });
    joining = setTimeout(join, peer === undefined ? soonMs : joinAgainMs);
    soonMs = Math.min(joinSoonMs.most, soonMs * 2);
  };

  const take = (text: string): void => {
    const news = readStreamNews(text);
    if (news.data !== undefined) stream.take(news.data);
    if (news.refused) {
      refused(unavailable('another one serves the stream'));
      stream.fail('is not to be spoken with: this stream is over, or served by another one');
    }
    if (news.ticket !== undefined) {
      ticket = news.ticket;
      failures = 0;
      joined();
    }
    if (news.peer !== undefined && news.peer !== peer) {
      peer = news.peer;
      stream.resume();
      clearTimeout(joining);
      joining = setTimeout(join, joinAgainMs);
    }
    if (news.gone) {
      stream.broken();
      peer = undefined;
      clearTimeout(joining);
      soonMs = joinSoonMs.first;
      joining = setTimeout(join, soonMs / 4);
    }
  };

  const open = (): void => {
    if (over) return;
    const made = new WebSocket(offer.url, {
      headers: { authorization: `Bearer ${ticket}` },
      handshakeTimeout: joinTimeoutMs,
      maxPayload: 128 * 1024,
      perMessageDeflate: false,
      ...(ca !== undefined && { ca }),
    });
    socket = made;
    made.on('open', join);
    made.on('message', (data, isBinary) => {
      if (!isBinary) take(String(data));
    });
    made.on('error', () => undefined);
    made.on('close', () => {
      clearTimeout(joining);
      peer = undefined;
      soonMs = joinSoonMs.first;
      stream.pause();
      if (over) return;
      failures += 1;
      opening = setTimeout(open, Math.min(reconnectMs.most, reconnectMs.least * 2 ** Math.min(failures, 10)));
    });
  };

  if (!isSecure(offer.url)) stream.fail('cannot be reached: the channel is no wss URL');
  else if (signal?.aborted) abort();
  else {
    signal?.addEventListener('abort', abort, { once: true });
    open();
  }
  return standing.then(() => stream);
}

function isSecure(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'wss:';
}
