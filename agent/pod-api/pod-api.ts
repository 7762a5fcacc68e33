// The API for this node's pods, where the API server is a URL on the Internet: the address and the names of the Service `kubernetes`,
// TLS by a certificate that the cluster's authority signed, and every request passed on as it is, with the pod's own credentials.

import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import { setOwn } from '../../core/machinery/own.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { connectionHeaders } from '../../core/node/connection-headers.ts';
import type { EventLog } from '../../core/process/log.ts';

export interface PodApi {
  /** Of the Service `kubernetes`. */
  readonly address: string;
  /** The address must be there. Rejects when its port 443 is taken. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Both PEM. */
export interface PodApiCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface PodApiOptions {
  readonly address: string;
  /** Default 443. */
  readonly port?: number;
  /** The URL of the API, perhaps with a path; and the roots (PEM) by which it is checked, if not the machine's own. */
  readonly server: string;
  readonly ca?: string;
  readonly certificate: () => PodApiCertificate;
  readonly log: EventLog;
}

/** How often it is looked whether there is another certificate. */
const lookMs = 3600_000;

export function createPodApi(options: PodApiOptions): PodApi {
  const { address, port = 443, log } = options;
  const target = new URL(options.server);
  const basePath = target.pathname.replace(/\/+$/, '');
  // Connections are kept: a handshake with a far place costs more than most requests.
  const upstream = new https.Agent({ keepAlive: true, ...(options.ca !== undefined && { ca: options.ca }) });
  const sessions = new Set<http2.ServerHttp2Session>();
  let timer: NodeJS.Timeout | undefined;
  let server: http2.Http2SecureServer | undefined;

  const pass = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    const out = https.request({
      agent: upstream,
      host: target.hostname,
      port: target.port || 443,
      method: request.method,
      path: basePath + request.url,
      headers: { ...passedOn(request.headers), host: target.host },
    });
    const leave = () => out.destroy();
    response.once('close', leave);
    out.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
      // HTTP/1.1 sends the head with the first byte otherwise, and a watch may have none for long.
      if ('flushHeaders' in response && typeof response.flushHeaders === 'function') response.flushHeaders();
      relay(answer, response);
    });
    out.once('error', (error) => {
      if (response.headersSent || response.destroyed) return cutOff(response);
      const status = new StatusError(
        'ServiceUnavailable',
        `the API server cannot be reached from this node: ${error.message}`,
      );
      response.writeHead(status.code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status.status));
    });
    request.once('error', leave);
    request.pipe(out);
  };

  return {
    address,
    async start() {
      if (server) return;
      let used = options.certificate();
      const started = http2.createSecureServer({ ...used, allowHTTP1: true }, pass);
      started.on('session', (session) => {
        sessions.add(session);
        session.once('close', () => sessions.delete(session));
      });
      // A client that does not trust us, or speaks no TLS, is its own affair.
      started.on('sessionError', () => undefined);
      started.on('tlsClientError', () => undefined);
      started.listen(port, address);
      await once(started, 'listening');
      started.on('error', (error) => log.warn({ error: error.message }, 'the API for pods failed'));
      server = started;
      timer = setInterval(() => {
        const now = options.certificate();
        if (now.cert !== used.cert) started.setSecureContext(now);
        used = now;
      }, lookMs);
      timer.unref();
      log.info({ address, port }, 'the API is served to pods');
    },
    async stop() {
      clearInterval(timer);
      for (const session of sessions) session.destroy();
      server?.close();
      server = undefined;
      upstream.destroy();
    },
  };
}

function relay(answer: IncomingMessage, response: Http2ServerResponse): void {
  answer.pipe(response);
  // Cut off in the middle: so must the client see it, not as an end.
  answer.once('error', () => cutOff(response));
  answer.once('close', () => {
    if (!answer.complete) cutOff(response);
  });
}

/** HTTP/2 breaks off a stream, HTTP/1.1 its connection. */
function cutOff(response: Http2ServerResponse | ServerResponse): void {
  if (response instanceof ServerResponse) response.destroy();
  else response.stream?.destroy();
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':') && !connectionHeaders.has(name)) setOwn(result, name, value);
  return result;
}
