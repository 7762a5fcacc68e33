// `pods/proxy`, `services/proxy` and `nodes/proxy`: a request passed on to a port of a pod, or to the node's own API, over the node's
// dial-in, so that it works for nodes that nothing can reach.

import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Definitions } from '../../../core/api/definition.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { ApiResponse, UpgradeConnection } from '../http.ts';
import type { RequestInfo } from '../request-info.ts';
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

const proxyPath = /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/.*)?$/;

const proxied = new Set(['pods', 'services', 'nodes']);

export function createProxy({ registry, definitions, streams, random }: ProxyOptions): Proxy {
  const reach = async ({ request, info, context }: Exchange, path: string): Promise<[Upstream, string]> => {
    if (!streams)
      throw new StatusError('NotImplemented', 'this API server reaches no pods: proxy is not available here');
    const lookup = { registry, definitions, context, random };
    const { socket, host, tls } = await connect(streams, lookup, info, request.signal);
    const query = request.query === '' ? '' : `?${request.query}`;
    const upstream: Upstream = {
      scheme: 'http',
      path: path + query,
      headers: { ...passedHeaders(request), host },
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
      const { request } = exchange;
      const [, prefix = '', path] = proxyPath.exec(request.path) ?? [];
      // Relative links of what is served there would miss without the slash. What changes something is not sent twice.
      if (path === undefined && (request.method === 'GET' || request.method === 'HEAD')) {
        const query = request.query === '' ? '' : `?${request.query}`;
        return { status: 301, headers: { location: `${prefix}/${query}` } };
      }
      const [upstream, host] = await reach(exchange, path ?? '/');
      const answer = await forward(request, upstream);
      const { location } = answer.headers;
      const own = typeof location === 'string' ? locationBehind(prefix, host, location) : undefined;
      return own === undefined ? answer : { ...answer, headers: { ...answer.headers, location: own } };
    },
    async upgrade(exchange, connection) {
      const [, , path = '/'] = proxyPath.exec(exchange.request.path) ?? [];
      const [upstream] = await reach(exchange, path);
      return forwardUpgrade(exchange.request, upstream, connection);
    },
  };
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
