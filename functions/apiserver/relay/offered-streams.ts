// exec, attach and port-forward for edges (core/node/channel/offer.ts): what was allowed is what the node is asked for, and both ends of the
// stream get what lets them, and nobody else, meet on the channel.

import { randomBytes, randomUUID } from 'node:crypto';
import { badRequest } from '../../../core/machinery/status.ts';
import type { StreamOffer } from '../../../core/node/channel/offer.ts';
import { secretBytes } from '../../../core/node/channel/seal.ts';
import { firstTicketSeconds, sealStreamTicket } from '../../../core/node/channel/ticket.ts';
import type { NodeMessage, StreamRequest } from '../../../core/node/protocol.ts';
import { refused } from '../../../core/node/unreachable-node.ts';
import { type Queue, QueueError } from '../../../core/queue/queue.ts';
import type { StreamEnd } from '../../../core/store/stream-ends.ts';
import type { ApiResponse } from '../http.ts';
import { commandRequest } from '../streams/command-request.ts';
import { podOf } from '../streams/container.ts';
import type { PodStream } from '../streams-contract.ts';

export interface OfferOptions {
  /** The channel's. */
  readonly url: string;
  /** By which tickets are sealed. */
  readonly key: Buffer;
  /** The one that the nodes' agents poll. */
  readonly queue: Queue;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** `wish`: what the header said. Throws StatusError. */
export async function offerStream(
  { url, key, queue, now }: OfferOptions,
  stream: PodStream,
  wish: string,
): Promise<ApiResponse> {
  const { node } = stream;
  if (wish === 'ask') return answer({});
  if (wish !== 'open') throw badRequest('the header zeroplane-stream must be `open` or `ask`');
  const request = requestOf(stream);
  const id = randomUUID();
  const secret = randomBytes(secretBytes).toString('base64url');
  const until = Math.floor(now() / 1000) + firstTicketSeconds;
  const offerTo = (end: StreamEnd) => ({ url, secret, ticket: sealStreamTicket({ stream: id, end, until }, key) });
  const message: NodeMessage = { kind: 'stream', id, request, channel: offerTo('node') };
  try {
    await queue.send(`node-${node}`, JSON.stringify(message));
  } catch (error) {
    throw error instanceof QueueError ? refused(error, node) : error;
  }
  return answer({ ...offerTo('client'), id, node, request } satisfies StreamOffer);
}

function requestOf(stream: PodStream): StreamRequest {
  if (stream.kind !== 'portforward') return commandRequest(stream);
  const [port = 0, ...more] = stream.query.ports('ports');
  if (port === 0 || more.length > 0) throw badRequest('ports: a stream has one port, of 1 to 65535');
  return { type: 'portforward', ...podOf(stream), port };
}

function answer(value: object): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
