// What `zeroplane run` asks of a cluster: answers, with patience where the cluster cannot be reached for a while, and streams that the caller
// opens anew. Credentials that were refused are renewed once: a pipeline's token lives for minutes, its run for longer.

import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApiClient,
  type ApiCredentials,
  ApiError,
  createApiClient,
  UnreachableError,
} from '../../agent/api-client/api-client.ts';
import { jsonObject } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { withoutEnd } from '../../core/machinery/text-ends.ts';

export interface ClusterConnection {
  readonly server: string;
  /** Of the kubeconfig's context, else `default`. */
  readonly namespace: string;
  /** The JSON of a 2xx answer. Rejects with ApiError; with UnreachableError once the cluster was away for as long as our patience. */
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** The body of a 2xx answer to GET, as it comes. Throws ApiError, and UnreachableError when the connection is lost in the middle. */
  stream(path: string, signal: AbortSignal): AsyncGenerator<Buffer>;
  close(): void;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  /** How long to go on asking a cluster that does not answer. Default: two minutes. */
  readonly patienceMs?: number;
}

/** Gives credentials; anew, when the last were refused. */
export type SignIn = () => Promise<ApiCredentials>;

const patienceMs = 120_000;
const pingMs = 15_000;
/** Of an error's body. */
const maxMessageBytes = 64 * 1024;

export async function connectCluster(signIn: SignIn, say: (line: string) => void): Promise<ClusterConnection> {
  let credentials = await signIn();
  let api = createApiClient(credentials);
  let sessions = streamSessions(credentials);
  let renewing: Promise<void> | undefined;
  /** One at a time, whoever was refused. */
  const renew = (refused: ApiCredentials): Promise<void> => {
    if (credentials !== refused) return Promise.resolve();
    renewing ??= (async () => {
      credentials = await signIn();
      api.close();
      api = createApiClient(credentials);
      sessions.close();
      sessions = streamSessions(credentials);
    })().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  const json = async <T>(method: string, path: string, options: RequestOptions = {}): Promise<T> => {
    const { body, contentType, patienceMs: patience = patienceMs } = options;
    const request: Parameters<ApiClient['json']>[2] = {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { headers: { 'content-type': contentType } }),
      timeoutMs: Math.min(30_000, patience),
    };
    const deadline = Date.now() + patience;
    let renewed = false;
    for (let attempt = 0; ; attempt += 1) {
      const used = credentials;
      try {
        return await api.json<T>(method, path, request);
      } catch (error) {
        if (error instanceof ApiError && error.code === 401 && !renewed) {
          renewed = true;
          await renew(used);
          continue;
        }
        const wait = Math.min(250 * 2 ** attempt, 5_000);
        if (!isPassing(error) || Date.now() + wait > deadline) throw error;
        if (attempt === 2) say(`the cluster does not answer (${errorOf(error)}): trying on`);
        await delay(wait);
      }
    }
  };

  const stream = async function* (path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const used = credentials;
    try {
      yield* sessions.open(path, signal);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 401)) throw error;
      await renew(used);
      yield* sessions.open(path, signal);
    }
  };

  return {
    server: credentials.server,
    namespace: credentials.namespace ?? 'default',
    json,
    stream,
    close() {
      api.close();
      sessions.close();
    },
  };
}

/** Whether the same request may do better in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ApiError && (error.code === 429 || error.code >= 500);
}

function errorOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Streams share a connection, which is asked whether it still stands: a network that swallows packets says nothing of itself. */
function streamSessions(credentials: ApiCredentials) {
  let session: http2.ClientHttp2Session | undefined;
  let pings: NodeJS.Timeout | undefined;
  const connected = () => {
    if (session && !session.closed && !session.destroyed) return session;
    const { ca, cert, key } = credentials;
    const opened = http2.connect(credentials.server, { ...(ca && { ca }), ...(cert && key && { cert, key }) });
    opened.on('error', () => undefined);
    opened.on('goaway', () => opened.close());
    clearInterval(pings);
    let answered = true;
    pings = setInterval(() => {
      if (!answered) return opened.destroy();
      answered = false;
      try {
        opened.ping(() => {
          answered = true;
        });
      } catch {
        // It ends, and its streams say so.
      }
    }, pingMs);
    pings.unref();
    session = opened;
    return opened;
  };
  const basePath = withoutEnd(new URL(credentials.server).pathname, '/');

  const open = (path: string, signal: AbortSignal) => openAt(basePath + path, signal, false);

  async function* openAt(fullPath: string, signal: AbortSignal, redirected: boolean): AsyncGenerator<Buffer> {
    signal.throwIfAborted();
    const request = connected().request({
      ':path': fullPath,
      accept: 'application/json, */*',
      ...(credentials.token && { authorization: `Bearer ${credentials.token}` }),
    });
    const abort = () => request.close(http2.constants.NGHTTP2_CANCEL);
    signal.addEventListener('abort', abort, { once: true });
    let failure: Error | undefined;
    request.on('error', (error) => {
      failure = error;
    });
    const lost = () =>
      new UnreachableError(`${credentials.server}: ${failure?.message ?? 'the connection was lost in the middle'}`);
    try {
      const { location, ...headers } = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
        request.once('response', resolve);
        request.once('close', () => reject(lost()));
      });
      const status = Number(headers[':status']);
      // On AWS a watch is served at a path of its own, with the same credentials, by the same server.
      const elsewhere = status === 307 && !redirected && location !== undefined && elsewhereOn(fullPath, location);
      if (elsewhere) return yield* openAt(elsewhere, signal, true);
      if (status < 200 || status > 299) throw new ApiError(status, await messageOf(request, status));
      for await (const chunk of request) yield chunk;
      // A stream that was reset ends as one that is whole.
      if (request.rstCode !== http2.constants.NGHTTP2_NO_ERROR || signal.aborted) throw lost();
    } catch (error) {
      throw error instanceof ApiError || error instanceof UnreachableError ? error : lost();
    } finally {
      signal.removeEventListener('abort', abort);
      abort();
    }
  }

  /** undefined: it is another server's. */
  function elsewhereOn(fullPath: string, location: string): string | undefined {
    const from = new URL(fullPath, credentials.server);
    const to = URL.parse(location, from.href);
    return to?.origin === from.origin ? to.pathname + to.search : undefined;
  }

  return {
    open,
    close() {
      clearInterval(pings);
      session?.destroy();
      session = undefined;
    },
  };
}

async function messageOf(body: AsyncIterable<Buffer>, status: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxMessageBytes) break;
  }
  const text = Buffer.concat(chunks).toString();
  // A Status; or something on the way answered in its own words.
  const message = getOwn(jsonObject(text), 'message');
  return typeof message === 'string' ? message : `HTTP ${status}`;
}
