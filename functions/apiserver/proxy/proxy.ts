// `pods/proxy`, `services/proxy` and `nodes/proxy`: a request passed on to a port of a pod, or to the node's own API, over the node's
// dial-in, so that it works for nodes that nothing can reach.

import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Definitions } from '../../../core/api/definition.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Query } from '../query.ts';
import { encodeSegments, type RequestInfo } from '../request-info.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import type { Answerer } from '../responder.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { behindProxy } from './behind-proxy.ts';
import { forward, forwardUpgrade, passedHeaders, type Upstream } from './forward.ts';
import { nodeTarget, podTarget, serviceTarget, type TargetLookup } from './proxy-target.ts';

export interface ProxyOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly streams: StreamHandler | undefined;
  readonly random: () => number;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const optionKinds: Readonly<Record<string, string>> = {
  pods: 'PodProxyOptions',
  services: 'ServiceProxyOptions',
  nodes: 'NodeProxyOptions',
};

export function createProxy({ registry, definitions, streams, random }: ProxyOptions): Required<Answerer> {
  /**
   * Where the proxy is, and the path behind it as it was admitted: that is the one to ask for. Both encoded anew, and what is asked for
   * without empty segments and dots, as Go joins paths.
   */
  const admit = async ({ info, context, definition }: Exchange): Promise<[prefix: string, path: string]> => {
    const kind = getOwn(optionKinds, info.resource);
    if (!kind || !definition) throw noSuchResource();
    if (!methods.has(info.method))
      throw new StatusError('MethodNotAllowed', `proxy takes ${[...methods].join(', ')}, not ${info.method}`, {});
    const { namespace, name, subresource } = info;
    const target = { definition, name, subresource, ...(definition.namespaced && { namespace }) };
    const [prefix, behind] = pathsOf(info);
    const options = { kind, apiVersion: 'v1', metadata: {}, ...(behind && { path: behind }) };
    const { path } = await registry.admit(context, target, 'CONNECT', options);
    return [
      prefix,
      typeof path === 'string' && path.startsWith('/') ? encodeSegments(posix.normalize(path).split('/')) : '',
    ];
  };
  const reach = async (
    { request, info, query, context }: Exchange,
    [prefix, path]: readonly [string, string],
  ): Promise<[Upstream, string]> => {
    if (!streams)
      throw new StatusError('NotImplemented', 'this API server reaches no pods: proxy is not available here');
    const lookup = { registry, definitions, context, random };
    const { socket, host, tls } = await connect(streams, lookup, info, request.signal);
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
    async respond(exchange) {
      const { request, info, query } = exchange;
      const [prefix, path] = await admit(exchange);
      // Relative links of what is served there would miss without the slash. What changes something is not sent twice.
      if (path === '' && (info.method === 'GET' || info.method === 'HEAD'))
        return { status: 301, headers: { location: `${prefix}/${searchOf(query)}` } };
      const [upstream, host] = await reach(exchange, [prefix, path]);
      return behindProxy(await forward(request, upstream), info.method, prefix, host);
    },
    async upgrade(exchange, connection) {
      const [upstream] = await reach(exchange, await admit(exchange));
      return forwardUpgrade(exchange.request, upstream, connection);
    },
  };
}

/**
 * Where the proxy is, encoded anew, and the path behind it as it is meant; empty without a slash there. It begins with one slash, also where
 * an encoded one came first (`proxy/%2Fa`), as Kubernetes passes it on.
 */
function pathsOf({ path, segments, rest }: RequestInfo): [prefix: string, path: string] {
  const prefix = `/${encodeSegments(segments.slice(0, segments.length - rest.length))}`;
  const behind = rest.join('/');
  const leading = behind === '' || behind.startsWith('/') ? '' : '/';
  return [prefix, leading + behind + (path.endsWith('/') ? '/' : '')];
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
  const { username } = lookup.context.user;
  if (resource === 'nodes') {
    const node = await nodeTarget(lookup, name);
    return { socket: await streams.connectNode(node, signal, username), host: node, tls: false };
  }
  const target = await (resource === 'pods' ? podTarget : serviceTarget)(lookup, namespace, name);
  return {
    socket: await streams.connect(target.port, signal, username),
    host: target.host,
    tls: target.scheme === 'https',
  };
}
