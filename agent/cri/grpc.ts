// A gRPC client over node:http2: unary calls with a deadline, and server streams. A unix socket (CRI) or host:port (gRPC probes).
// Written here because @grpc/grpc-js costs 18 MB of resident memory, a third of the agent's budget, for what is one HTTP/2 POST.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import http2 from 'node:http2';
import net from 'node:net';
import { errorText } from '../../core/machinery/error-text.ts';
import type { Decoded, Input, Message } from './wire.ts';
import { decode, encode } from './wire.ts';

/** Names of gRPC status codes that callers decide on. */
export const grpcCodes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

/** A call that failed: `code` is the gRPC status code; `unavailable` when there was no answer at all. */
export class GrpcError extends Error {
  readonly code: number;
  readonly method: string;

  constructor(code: number, method: string, text: string) {
    super(text);
    this.name = 'GrpcError';
    this.code = code;
    this.method = method;
  }
}

export interface GrpcMethod<Req extends Message = Message, Res extends Message = Message> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Req;
  readonly response: Res;
  /** Milliseconds; a call without another deadline gets this one. */
  readonly deadlineMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface GrpcClient {
  /** One call. Throws GrpcError. */
  call<Req extends Message, Res extends Message>(
    method: GrpcMethod<Req, Res>,
    request: Input<Req>,
    options?: CallOptions,
  ): Promise<Decoded<Res>>;
  /** Messages until the server ends the stream (then it returns) or `signal` aborts it. Throws GrpcError. */
  stream<Req extends Message, Res extends Message>(
    method: GrpcMethod<Req, Res>,
    request: Input<Req>,
    signal: AbortSignal,
  ): AsyncGenerator<Decoded<Res>>;
  close(): void;
}

/** Of a message that is taken: what kubelet takes of a runtime. */
const mostBytes = 16 * 1024 * 1024;

/**
 * `target`: `unix:///path`, a path, `npipe:////./pipe/NAME`, or `host:port`. Connects when first used, and again after a loss. `most`: bytes of a message, for who is
 * trusted with less.
 */
export function createGrpcClient(target: string, { most = mostBytes }: { readonly most?: number } = {}): GrpcClient {
  let session: http2.ClientHttp2Session | undefined;

  const connected = (): http2.ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session;
    const opened = http2.connect('http://localhost', { createConnection: () => dial(target) });
    // A failure surfaces on each open stream; the session itself must only not crash the process.
    opened.on('error', () => undefined);
    opened.on('goaway', () => opened.close());
    opened.unref();
    session = opened;
    return opened;
  };

  const open = (
    { path, headers }: GrpcMethod,
    body: Buffer,
    deadlineMs: number | undefined,
  ): http2.ClientHttp2Stream => {
    const stream = connected().request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
      ...(deadlineMs !== undefined && { 'grpc-timeout': `${Math.max(1, Math.ceil(deadlineMs))}m` }),
    });
    const frame = Buffer.alloc(5 + body.length);
    frame.writeUInt32BE(body.length, 1);
    body.copy(frame, 5);
    stream.end(frame);
    return stream;
  };

  return {
    call: async (method, request, options = {}) => {
      const deadlineMs = options.deadlineMs ?? method.deadlineMs;
      const answer = await unary(
        () => open(method, encode(method.request, request), deadlineMs),
        method.path,
        deadlineMs,
        options.signal,
        most,
      );
      return decode(method.response, answer);
    },
    stream: async function* (method, request, signal) {
      signal.throwIfAborted();
      const stream = open(method, encode(method.request, request), undefined);
      const abort = () => stream.close(http2.constants.NGHTTP2_CANCEL);
      signal.addEventListener('abort', abort, { once: true });
      const outcome = watchOutcome(stream, method.path);
      try {
        for await (const each of frames(stream, method.path, most)) yield decode(method.response, each);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof GrpcError) throw error;
        const failure = await outcome;
        throw failure ?? new GrpcError(grpcCodes.unavailable, method.path, errorText(error));
      } finally {
        signal.removeEventListener('abort', abort);
        if (!stream.closed) abort();
      }
      const failure = signal.aborted ? undefined : await outcome;
      if (failure) throw failure;
    },
    close: () => {
      session?.destroy();
      session = undefined;
    },
  };
}

function dial(target: string): net.Socket {
  const path = pathOf(target);
  if (path !== undefined) return net.connect({ path });
  const colon = target.lastIndexOf(':');
  return net.connect({ host: target.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(target.slice(colon + 1)) });
}

/** Of a socket, or of a named pipe of Windows; undefined: it is none of both. */
export function pathOf(target: string): string | undefined {
  if (target.startsWith('unix://')) return target.slice('unix://'.length);
  if (target.startsWith('npipe:'))
    return target
      .slice('npipe:'.length)
      .replace(/^\/\/\/*(?=\.\/)/, '//')
      .replaceAll('/', '\\');
  return target.startsWith('/') || target.startsWith('\\\\.\\pipe\\') ? target : undefined;
}

async function unary(
  open: () => http2.ClientHttp2Stream,
  path: string,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  most: number,
): Promise<Uint8Array> {
  let stream: http2.ClientHttp2Stream;
  try {
    stream = open();
  } catch (error) {
    throw new GrpcError(grpcCodes.unavailable, path, errorText(error));
  }
  let ended: GrpcError | undefined;
  const end = (code: number, text: string) => {
    ended ??= new GrpcError(code, path, text);
    stream.close(http2.constants.NGHTTP2_CANCEL);
  };
  // The server keeps the deadline too; ours is a little later, so that its more telling answer wins.
  const timer = setTimeout(
    () => end(grpcCodes.deadlineExceeded, `no answer within ${deadlineMs} ms`),
    deadlineMs + 500,
  );
  const abort = () => end(grpcCodes.cancelled, 'the caller gave up');
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  const outcome = watchOutcome(stream, path);
  try {
    let answer: Uint8Array | undefined;
    try {
      for await (const each of frames(stream, path, most)) {
        if (answer) throw new GrpcError(grpcCodes.unknown, path, 'the answer has more than one message');
        answer = each;
      }
    } catch (error) {
      if (error instanceof GrpcError) end(error.code, error.message);
      throw ended ?? (await outcome) ?? new GrpcError(grpcCodes.unavailable, path, errorText(error));
    }
    const failure = ended ?? (await outcome);
    if (failure) throw failure;
    if (!answer) throw new GrpcError(grpcCodes.unavailable, path, 'the answer has no message');
    return answer;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Resolves when the stream has closed: undefined for status 0, otherwise the failure. */
function watchOutcome(stream: http2.ClientHttp2Stream, path: string): Promise<GrpcError | undefined> {
  return new Promise((resolve) => {
    let status: string | undefined;
    let text = '';
    let broken = 'the connection was closed before an answer';
    const note = (headers: http2.IncomingHttpHeaders) => {
      const code = headers['grpc-status'];
      if (code !== undefined) {
        status = String(code);
        text = decodeURIComponent(String(headers['grpc-message'] ?? '').replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
      }
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', (error) => {
      broken = error.message;
    });
    stream.on('close', () => {
      if (status === '0') resolve(undefined);
      else if (status !== undefined) resolve(new GrpcError(Number(status), path, text));
      else resolve(new GrpcError(grpcCodes.unavailable, path, broken));
    });
  });
}

/** The length-prefixed messages of a stream. Throws GrpcError for one that is announced, or grows, beyond `most` bytes. */
async function* frames(stream: http2.ClientHttp2Stream, path: string, most: number): AsyncGenerator<Uint8Array> {
  let waiting: Buffer[] = [];
  let size = 0;
  /** Of the message that is on its way, once its length has come. */
  let wanted = 5;
  for await (const chunk of stream) {
    // as: an http2 stream without an encoding yields Buffers.
    waiting.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    // Joined when a whole message is there: with every chunk, large ones would take time by the square of their length.
    while (size >= wanted) {
      const [first] = waiting;
      const rest = waiting.length === 1 && first ? first : Buffer.concat(waiting, size);
      const length = rest.readUInt32BE(1);
      if (length > most)
        throw new GrpcError(grpcCodes.resourceExhausted, path, `the answer has ${length} bytes, of at most ${most}`);
      const whole = rest.length >= 5 + length;
      if (whole) yield rest.subarray(5, 5 + length);
      const left = whole ? rest.subarray(5 + length) : rest;
      [waiting, size, wanted] = [[left], left.length, whole ? 5 : 5 + length];
    }
  }
}
