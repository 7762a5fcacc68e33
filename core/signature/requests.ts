// Requests to an AWS service over kept connections. Node's fetch does the same and more, but loading its client takes longer than all that
// a function's first request takes beside it.

import type { Agent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { http } from '../process/http.ts';

export interface RequestsOptions {
  /** Who is asked, for messages. */
  readonly service: string;
  /** How long a connection may take to be made. */
  readonly connectMs: number;
}

export interface RequestToSend {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  /** Lower-case names. `host` is the URL's where it is not here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Requests {
  /** Rejects with what the socket says, or a TimeoutError after `answerMs` on a connection without an answer, or the signal's reason. */
  send(request: RequestToSend, answerMs: number, signal?: AbortSignal): Promise<Answer>;
  /** Ends connections that nobody uses. */
  close(): void;
}

/** A connection that lay idle for longer may have died without a word, such as while its function was frozen. */
const longestIdleMs = 15_000;
/** Requests beyond that wait: another connection would cost more than the wait. */
const maxSockets = 48;

export function createRequests({ service, connectMs }: RequestsOptions): Requests {
  const plain = new http.Agent({ keepAlive: true, maxSockets });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets });
  let usedAt = performance.now();

  return {
    send(request, answerMs, signal) {
      const { method, url, body } = request;
      const now = performance.now();
      if (now - usedAt > longestIdleMs) for (const agent of [plain, secure]) dropIdle(agent);
      usedAt = now;
      const headers = {
        ...request.headers,
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      };
      const tls = url.protocol === 'https:';
      return new Promise<Answer>((resolve, reject) => {
        const sent = (tls ? requestHttps : http.request)(url, {
          method,
          headers,
          agent: tls ? secure : plain,
          ...(signal && { signal }),
        });
        // In the next turn: after a freeze, or a busy second, timers run before what has arrived meanwhile is looked at.
        const late = (what: string) => setImmediate(() => sent.destroy(timeout(`${service} ${what}`)));
        let answering: NodeJS.Timeout | undefined;
        let connecting: NodeJS.Timeout | undefined;
        sent.once('socket', (socket) => {
          answering = setTimeout(late, answerMs, 'did not answer in time');
          if (!socket.connecting) return;
          connecting = setTimeout(late, connectMs, 'could not be reached in time');
          socket.once(tls ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
        });
        const failed = (error: Error) => {
          clearTimeout(answering);
          clearTimeout(connecting);
          reject(error);
        };
        sent.once('error', failed);
        sent.once('response', (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', failed);
          answer.once('end', () => {
            clearTimeout(answering);
            usedAt = performance.now();
            const [only] = chunks;
            const whole = only && chunks.length === 1 ? only : Buffer.concat(chunks);
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: whole });
          });
        });
        sent.end(body);
      });
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function dropIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function timeout(message: string): Error {
  const error = new Error(message);
  error.name = 'TimeoutError';
  return error;
}
