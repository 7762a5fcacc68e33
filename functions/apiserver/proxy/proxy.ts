// `pods/proxy`, `services/proxy` and `nodes/proxy`: a request passed on to a port of a pod, or to the node's own API, over the node's
// dial-in, so that it works for nodes that nothing can reach.

import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Definitions } from '../../../core/api/definition.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { ApiResponse, UpgradeConnection } from '../http.ts';
import type { Query } from '../query.ts';
import { encodeSegments, type RequestInfo } from '../request-info.ts';
import type { Exchange } from '../resources/exchange.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { forward, forwardUpgrade, passedHeaders, type Upstream } from './forward.ts';
import { nodeTarget, podTarget, serviceTarget, type TargetLookup } from './proxy-target.ts';

export interface Proxy {
  serves(info: RequestInfo): boolean;
  respond(exchange: Exchange): Promise<ApiResponse>;
  /** A WebSocket, or another protocol that both ends speak. */
  upgrade(exchange: Exchange, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
}

export interface ProxyOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly streams: StreamHandler | undefined;
  readonly random: () => number;
}

const proxied = new Set(['pods', 'services', 'nodes']);
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function createProxy({ registry, definitions, streams, random }: ProxyOptions): Proxy {
  const reach = async ({ request, info, query, context }: Exchange): Promise<[Upstream, string]> => {
    if (!methods.has(info.method))
      throw new StatusError('MethodNotAllowed', `proxy takes ${[...methods].join(', ')}, not ${info.method}`, {});
    if (!streams)
      throw new StatusError('NotImplemented', 'this API server reaches no pods: proxy is not available here');
    const lookup = { registry, definitions, context, random };
    const { socket, host, tls } = await connect(streams, lookup, info, request.signal);
    const [prefix, path] = pathsOf(info);
    const upstream: Upstream = {
      method: info.method,
      scheme: 'http',
      path: (path || '/') + searchOf(query),
      headers: { ...passedHeaders(request, prefix + path), host },
      connection: {
        createConnection: () =>
          // A pod's certificate is its own making; who the pod is, is known from its node.
          tls ? connectTls({ socket, rejectUnauthorized: false }) : socket,
      },
    };
    return [upstream, host];
  };

  return {
    serves: ({ group, version, resource, subresource }) =>
      group === '' && version === 'v1' && subresource === 'proxy' && proxied.has(resource),
    async respond(exchange) {
      const { request, info, query } = exchange;
      const [prefix, path] = pathsOf(info);
      // Relative links of what is served there would miss without the slash. What changes something is not sent twice.
      if (path === '' && (info.method === 'GET' || info.method === 'HEAD'))
        return { status: 301, headers: { location: `${prefix}/${searchOf(query)}` } };
      const [upstream, host] = await reach(exchange);
      const answer = await forward(request, upstream);
      const { location } = answer.headers;
      const own = typeof location === 'string' ? locationBehind(prefix, host, location) : undefined;
      return own === undefined ? answer : { ...answer, headers: { ...answer.headers, location: own } };
    },
    async upgrade(exchange, connection) {
      const [upstream] = await reach(exchange);
      return forwardUpgrade(exchange.request, upstream, connection);
    },
  };
}

/** Where the proxy is, and the path behind it; empty without a slash there. Both of what was authorized, encoded anew. */
function pathsOf({ path, segments, rest }: RequestInfo): [prefix: string, path: string] {
  const prefix = `/${encodeSegments(segments.slice(0, segments.length - rest.length))}`;
  const slash = path.endsWith('/') ? '/' : '';
  return [prefix, rest.length === 0 ? slash : `/${encodeSegments(rest)}${slash}`];
}

function searchOf(query: Query): string {
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

async function connect(
  streams: StreamHandler,
  lookup: TargetLookup,
  { resource, namespace, name }: RequestInfo,
  signal: AbortSignal | undefined,
): Promise<{ socket: Duplex; host: string; tls: boolean }> {
  if (resource === 'nodes') {
    const node = await nodeTarget(lookup, name);
    return { socket: await streams.connectNode(node, signal), host: node, tls: false };
  }
  const target = await (resource === 'pods' ? podTarget : serviceTarget)(lookup, namespace, name);
  return { socket: await streams.connect(target.port, signal), host: target.host, tls: target.scheme === 'https' };
}

/** A redirect to a place on the pod is one to the same place behind the proxy. */
function locationBehind(prefix: string, host: string, location: string): string | undefined {
  const own = location.replace(new RegExp(`^https?://${RegExp.escape(host)}(?=/|$)`), '');
  if (own !== '' && !own.startsWith('/')) return undefined;
  return prefix + (own === '' ? '/' : own);
}
