// The cluster's URL, as an edge asks it: over connections that are kept, since a handshake with a far place costs more than most requests.

import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { setOwn } from '../core/machinery/own.ts';
import { withoutEnd } from '../core/machinery/text-ends.ts';
import { connectionHeaders } from '../core/node/connection-headers.ts';

export type Headers = Record<string, string | string[]>;

export interface UpstreamOptions {
  /** The URL of the API, perhaps with a path. */
  readonly server: string;
  /** The roots (PEM) by which it is checked, if not the machine's own. */
  readonly ca?: string;
  /** The value of `Authorization` instead of the caller's: whoever may use this edge is one and the same. Rejects when there is none. */
  readonly authorization?: () => Promise<string>;
}

export interface Upstream {
  /** With its own credentials, where it has some. */
  authorized(headers: Headers): Promise<Headers>;
  /** The path is below that of the API's URL. The caller ends the request. */
  request(method: string, path: string, headers: Headers): ClientRequest;
  close(): void;
}

export function createUpstream({ server, ca, authorization }: UpstreamOptions): Upstream {
  const target = new URL(server);
  const basePath = withoutEnd(target.pathname, '/');
  const agent = new https.Agent({ keepAlive: true, ...(ca !== undefined && { ca }) });
  return {
    authorized: async (headers) => (authorization ? { ...headers, authorization: await authorization() } : headers),
    request: (method, path, headers) =>
      https.request({
        agent,
        host: target.hostname,
        port: target.port || 443,
        method,
        path: basePath + path,
        headers: { ...headers, host: target.host },
      }),
    close: () => agent.destroy(),
  };
}

/** Rejects when it fails before its answer begins. Its body was sent, or it has none. */
export function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Later ones are seen on the answer.
    request.on('error', reject);
  });
}

/** What is passed on of the headers of a request or an answer. */
export function passedOn(headers: IncomingHttpHeaders): Headers {
  const result: Headers = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':') && !connectionHeaders.has(name)) setOwn(result, name, value);
  return result;
}

/** The whole body. Rejects when it is broken off, or larger than `limit` bytes. */
export async function bodyOf(answer: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  if (!answer.complete) throw new Error('the answer was broken off');
  return Buffer.concat(chunks);
}
