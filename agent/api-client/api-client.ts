// The agent's one connection to the API server: HTTP/2 with its own client certificate (or token), opened anew after every loss.

import http2 from 'node:http2';
import { parseJson } from '../../core/machinery/json.ts';
import type { Json } from '../../core/machinery/object.ts';
import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { type ApiMetrics, createApiMetrics } from './api-metrics.ts';

export interface ApiCredentials {
  /** `https://host:port`, perhaps with a path that every request's path begins with. */
  readonly server: string;
  /** PEM. Without it the machine's own roots count. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Of a kubeconfig's context: what a command is about that names none. */
  readonly namespace?: string;
  /** Read for every request: it may be renewed. */
  readonly token?: string;
  /** The server knows them no more. */
  readonly onRefused?: () => void;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly text: string;
}

/** No answer came: the server is away, or took longer than `timeoutMs`. */
export class UnreachableError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'UnreachableError';
  }
}

/** The server answered with a failure. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.name = 'ApiError';
    this.code = code;
  }
}

export interface ApiRequestOptions {
  /** Sent as JSON; bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The server may keep it waiting: how long it took says nothing. */
  readonly longPoll?: boolean;
}

export interface ApiClient {
  readonly credentials: ApiCredentials;
  readonly metrics: Pick<ApiMetrics, 'families'>;
  /** Throws UnreachableError. */
  request(method: string, path: string, options?: ApiRequestOptions): Promise<ApiAnswer>;
  /** The JSON of a 2xx answer. Throws UnreachableError, ApiError. */
  json<T = Json>(method: string, path: string, options?: ApiRequestOptions): Promise<T>;
  close(): void;
}

export function createApiClient(credentials: ApiCredentials): ApiClient {
  let session: http2.ClientHttp2Session | undefined;
  const { host, pathname } = new URL(credentials.server);
  const basePath = withoutEnd(pathname, '/');
  const metrics = createApiMetrics(host);

  const connected = () => {
    if (session && !session.closed && !session.destroyed) return session;
    const { ca, cert, key } = credentials;
    const opened = http2.connect(credentials.server, { ...(ca && { ca }), ...(cert && key && { cert, key }) });
    // Each open request learns of it; without a listener it would end the process.
    opened.on('error', () => undefined);
    opened.on('goaway', () => opened.close());
    opened.setTimeout(60_000, () => opened.destroy());
    session = opened;
    return opened;
  };

  const request: ApiClient['request'] = (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const { body, headers, timeoutMs = 30_000, signal, longPoll } = options;
      const began = performance.now();
      const bytes = body instanceof Uint8Array;
      const payload = body === undefined ? undefined : bytes ? body : Buffer.from(JSON.stringify(body));
      const type = bytes ? 'application/octet-stream' : 'application/json';
      const stream = connected().request(
        {
          ':method': method,
          ':path': basePath + path,
          accept: 'application/json',
          ...(payload && { 'content-type': type, 'content-length': payload.length }),
          ...(credentials.token && { authorization: `Bearer ${credentials.token}` }),
          ...headers,
        },
        // Node ends a DELETE with its headers otherwise.
        payload && { endStream: false },
      );
      const give = (text: string) => {
        reject(new UnreachableError(text));
        stream.close(http2.constants.NGHTTP2_CANCEL);
      };
      const timer = setTimeout(() => {
        // A connection that swallows requests is of no use to the next one.
        stream.session?.destroy();
        give(`${credentials.server} did not answer within ${timeoutMs} ms`);
      }, timeoutMs);
      const abort = () => give('the request was given up');
      signal?.addEventListener('abort', abort, { once: true });
      const chunks: Buffer[] = [];
      let answer: http2.IncomingHttpHeaders | undefined;
      let failure = 'the connection was lost';
      stream.on('response', (incoming) => {
        answer = incoming;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error) => {
        failure = error.message;
      });
      stream.on('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        const whole = stream.rstCode === http2.constants.NGHTTP2_NO_ERROR ? answer : undefined;
        const status = whole && Number(whole[':status']);
        // A certificate belongs to its connection: the next one begins with what was renewed meanwhile.
        if (status === 401 && credentials.cert) stream.session?.close();
        if (status === 401) credentials.onRefused?.();
        metrics.answered(method, status, longPoll ? undefined : (performance.now() - began) / 1000);
        if (whole && status !== undefined) resolve({ status, headers: whole, text: Buffer.concat(chunks).toString() });
        else reject(new UnreachableError(`${credentials.server}: ${failure}`));
      });
      stream.end(payload);
    });

  return {
    credentials,
    metrics,
    request,
    json: async <T>(method: string, path: string, options?: ApiRequestOptions) => {
      const { status, text } = await request(method, path, options);
      if (status < 200 || status > 299) throw new ApiError(status, messageOf(text) ?? `HTTP ${status}`);
      // The caller names the type that the API gives at this path.
      return parseJson(text) as T;
    },
    close: () => {
      session?.destroy();
      session = undefined;
    },
  };
}

function messageOf(text: string): string | undefined {
  try {
    const { message } = parseJson(text) as { message?: string };
    return message;
  } catch {
    return undefined;
  }
}
