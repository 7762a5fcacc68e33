// The client's end of the runtime's streaming server: a one-shot URL on loopback, over SPDY/3.1, since its WebSocket knows no half-close
// (`kubectl exec -i pod -- cat < file` would never end).

import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { SpdyConnection } from '../../core/node/spdy/connection.ts';
import { ReadingSocket } from './reading-socket.ts';

export type StreamVersion = 'v4.channel.k8s.io' | 'portforward.k8s.io';

/** The runtime's streaming server refused. */
class RuntimeStreamError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'RuntimeStreamError';
  }
}

const connectTimeoutMs = 10_000;

/** Throws RuntimeStreamError. */
export function connectRuntimeStream(url: string, version: StreamVersion): Promise<SpdyConnection> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': version },
      timeout: connectTimeoutMs,
      // What a runtime sent last is read also when it takes nothing more: of a command that was faster than its streams, that is all.
      ...(target.protocol === 'http:' && {
        createConnection: () => new ReadingSocket().connect(Number(target.port || 80), target.hostname),
      }),
      // A runtime on this machine with a certificate of its own making; the URL holds a one-shot token.
      rejectUnauthorized: false,
    });
    request.once('upgrade', (_response, socket: Duplex & { setTimeout?(ms: number): void }, head: Buffer) => {
      socket.setTimeout?.(0);
      resolve(new SpdyConnection({ transport: socket, role: 'client', head }));
    });
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('close', () => {
        const text = Buffer.concat(chunks).toString('utf8').trim().slice(0, 1000);
        reject(new RuntimeStreamError(`the container runtime refused the stream: ${response.statusCode}: ${text}`));
      });
    });
    request.once('timeout', () => request.destroy(new Error('it did not answer in time')));
    request.once('error', (error) =>
      reject(new RuntimeStreamError(`the container runtime's streaming server cannot be reached: ${error.message}`)),
    );
    request.end();
  });
}
