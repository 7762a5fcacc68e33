// `pods/proxy` and `services/proxy`: a request passed on to a port of a pod, over the node's own dial-in, so that it works for nodes
// that nothing can reach.

import http from 'node:http';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Definitions } from '../../../core/api/definition.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Exchange } from '../resources/exchange.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { type ProxyTarget, podTarget, serviceTarget } from './proxy-target.ts';

export interface Proxy {
  serves(info: RequestInfo): boolean;
  respond(exchange: Exchange): Promise<ApiResponse>;
}

export interface ProxyOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly streams: StreamHandler | undefined;
  readonly random: () => number;
}

const proxyPath = /^(\/api\/v1\/namespaces\/[^/]+\/(?:pods|services)\/[^/]+\/proxy)(\/.*)?$/;

export function createProxy({ registry, definitions, streams, random }: ProxyOptions): Proxy {
  return {
    serves: ({ group, version, resource, subresource }) =>
      group === '' && version === 'v1' && subresource === 'proxy' && (resource === 'pods' || resource === 'services'),
    async respond({ request, info, context }) {
      if (!streams)
        throw new StatusError('NotImplemented', 'this API server reaches no pods: proxy is not available here');
      const [, prefix = '', path] = proxyPath.exec(request.path) ?? [];
      const query = request.query === '' ? '' : `?${request.query}`;
      // Relative links of what is served there would miss without the slash.
      if (path === undefined) return { status: 301, headers: { location: `${prefix}/${query}` } };
      const find = info.resource === 'pods' ? podTarget : serviceTarget;
      const target = await find({ registry, definitions, context, random }, info.namespace, info.name);
      return pass(streams, request, target, prefix, path + query);
    },
  };
}

/** Throws ServiceUnavailable when the pod does not answer. */
async function pass(
  streams: StreamHandler,
  request: ApiRequest,
  target: ProxyTarget,
  prefix: string,
  path: string,
): Promise<ApiResponse> {
  const socket = await streams.connect(target.port, request.signal);
  const options = {
    method: request.method,
    path,
    headers: requestHeaders(request, target.host),
    createConnection: () =>
      // A pod's certificate is its own making; who the pod is, is known from its node.
      target.scheme === 'https' ? connectTls({ socket, rejectUnauthorized: false }) : socket,
  };
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const out = http.request(options, resolve);
    out.once('error', (error) =>
      reject(new StatusError('ServiceUnavailable', `error trying to reach service: ${error.message}`)),
    );
    if (request.body === undefined) out.end();
    else if (request.body instanceof Uint8Array) out.end(request.body);
    else
      Readable.from(request.body)
        .on('error', (error) => out.destroy(error))
        .pipe(out);
  });
  return { status: answer.statusCode ?? 502, headers: responseHeaders(answer, target, prefix), body: bodyOf(answer) };
}

/** Of one connection only (RFC 9110, section 7.6.1), and what is meant for the API server alone. */
const notPassedOn = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'host',
  'authorization',
]);

function requestHeaders(request: ApiRequest, host: string): Record<string, string> {
  const headers: Record<string, string> = { host };
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !name.startsWith(':') && !notPassedOn.has(name) && !name.startsWith('impersonate-'))
      headers[name] = value;
  headers['x-forwarded-uri'] = request.path;
  headers['x-forwarded-proto'] = 'https';
  return headers;
}

function responseHeaders(answer: http.IncomingMessage, { host }: ProxyTarget, prefix: string): ApiResponse['headers'] {
  const headers: ApiResponse['headers'] = {};
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !notPassedOn.has(name)) headers[name] = value;
  const { location } = answer.headers;
  // A redirect to a place on the pod is one to the same place behind the proxy.
  const own = location?.replace(new RegExp(`^https?://${RegExp.escape(host)}(?=/|$)`), '');
  if (own !== undefined && (own === '' || own.startsWith('/'))) headers['location'] = prefix + (own === '' ? '/' : own);
  return headers;
}

/** Leaving it early closes the connection to the pod. */
function bodyOf(answer: http.IncomingMessage): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      // as: without an encoding, a message yields buffers.
      const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      return {
        next: () => chunks.next(),
        return: () => {
          answer.destroy();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
}
