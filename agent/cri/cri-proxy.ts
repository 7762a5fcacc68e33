// A view of a runtime that has CRI and nothing else, for tests: hands on what is asked of CRI's two services, refuses all else as a server
// does that does not know it, remembers both, and says another name in the answer to Version.

import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { VersionResponse } from './messages.ts';
import { decode, encode } from './wire.ts';

export interface CriProxy {
  /** Paths of the calls that were handed on. */
  readonly served: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
  close(): Promise<void>;
}

const unimplemented = '12';
/** CRI's, but of a version that this runtime is not to have. */
const withheld = new Set(['/runtime.v1.RuntimeService/GetContainerEvents']);

/** `endpoint`: the runtime's socket. `socket`: of the view. */
export async function serveCriAlone(endpoint: string, socket: string, runtimeName: string): Promise<CriProxy> {
  const served = new Set<string>();
  const refused = new Set<string>();
  const upstream = http2.connect('http://localhost', { createConnection: () => net.connect(endpoint) });
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const path = String(headers[':path']);
    const isCri = /^\/runtime\.v1\.(RuntimeService|ImageService)\//.test(path) && !withheld.has(path);
    (isCri ? served : refused).add(path);
    stream.on('error', () => undefined);
    if (!isCri) {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': unimplemented },
        { endStream: true },
      );
      return;
    }
    const { ':authority': _, ':scheme': __, ...rest } = headers;
    const call = upstream.request(rest);
    const parts: Buffer[] = [];
    let answer: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    call.on('response', (incoming) => {
      answer = incoming;
    });
    call.on('trailers', (incoming) => {
      trailers = incoming;
    });
    call.on('data', (part: Buffer) => parts.push(part));
    call.on('error', () => undefined);
    call.on('close', () => {
      if (stream.destroyed) return;
      const body = Buffer.concat(parts);
      const text = path.endsWith('/Version') && body.length > 5 ? renamed(body, runtimeName) : body;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        const from = { ...answer, ...trailers };
        const message = from['grpc-message'];
        stream.sendTrailers({
          'grpc-status': String(from['grpc-status'] ?? '14'),
          ...(message !== undefined && { 'grpc-message': String(message) }),
        });
      });
      stream.end(text);
    });
    stream.on('close', () => call.close());
    stream.pipe(call);
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    served,
    refused,
    async close() {
      upstream.destroy();
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One message with its prefix of five bytes. */
function renamed(frame: Buffer, runtimeName: string): Buffer {
  const body = encode(VersionResponse, { ...decode(VersionResponse, frame.subarray(5)), runtimeName });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}
