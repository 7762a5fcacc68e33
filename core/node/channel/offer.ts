// What an edge and the API server say to each other of exec, attach and port-forward, where no connection to the API server can be upgraded:
// the edge sends the client's request as it is, with a header; the API server decides as it does on an upgrade, asks the node, and answers
// with what makes the edge the client's end of the stream on the channel.

import { jsonObject } from '../../machinery/json.ts';
import { getOwn } from '../../machinery/own.ts';
import type { ChannelOffer, StreamRequest } from '../protocol.ts';

/** `open`: a stream is wanted. `ask`: whether it would be given. */
export const streamHeader = 'zeroplane-stream';

export interface StreamOffer extends ChannelOffer {
  readonly id: string;
  readonly node: string;
  /** What the node was asked for: the ends' keys are bound to it. */
  readonly request: StreamRequest;
}

/** undefined: it is none. */
export function readStreamOffer(text: string): StreamOffer | undefined {
  const value = jsonObject(text);
  const textOf = (name: string) => {
    const found = getOwn(value, name);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const [url, ticket, secret, id, node] = ['url', 'ticket', 'secret', 'id', 'node'].map(textOf);
  const request = getOwn(value, 'request');
  if (url === undefined || ticket === undefined || secret === undefined || id === undefined || node === undefined)
    return undefined;
  // as: the cluster's own API server made it, over TLS; its fields are for the keys and for whether there is a terminal.
  return isRequest(request) ? { url, ticket, secret, id, node, request: request as StreamRequest } : undefined;
}

function isRequest(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeof getOwn(value, 'type') === 'string';
}
