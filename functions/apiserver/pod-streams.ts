// The way of a request to a pod's stream: permission, the pod, its node; then the StreamHandler takes it.

import type { Authorizer } from '../../core/authorization/authorizer.ts';
import { forbiddenStatus } from '../../core/authorization/forbidden.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import { badRequest, StatusError } from '../../core/machinery/status.ts';
import type { Registry } from '../../core/registry/registry.ts';
import { attributesOf } from './authorization/attributes.ts';
import { Query } from './query.ts';
import type { Exchange } from './resources/exchange.ts';
import { noSuchResource } from './resources/routes.ts';
import type { Answerer } from './responder.ts';
import { type PodStream, podStreamKinds, type StreamHandler } from './streams-contract.ts';

export function createPodStreams({
  registry,
  authorizer,
  streams,
}: {
  registry: Registry;
  authorizer: Authorizer;
  streams: StreamHandler | undefined;
}): Required<Answerer> {
  const open = async (exchange: Exchange): Promise<[StreamHandler, PodStream]> => {
    const { info, query, request, context, definition } = exchange;
    const kind = podStreamKinds.get(info.subresource);
    if (!kind || !definition || info.namespace === '' || info.name === '' || info.rest.length > 0)
      throw noSuchResource();
    const allowed = kind === 'log' ? info.verb === 'get' : info.verb === 'get' || info.verb === 'create';
    if (!allowed) throw new StatusError('MethodNotAllowed', `${info.subresource} does not take ${info.method}`, {});
    // A WebSocket is opened by a GET, but running a command is no reading: it needs `create` too.
    if (kind !== 'log' && info.verb === 'get') {
      const attributes = { ...attributesOf(context.user, info), verb: 'create' };
      const decision = await authorizer.authorize(attributes);
      if (decision.effect !== 'allow') throw forbiddenStatus(attributes, decision.reason);
    }
    const { object: pod } = await registry.get(context, { definition, namespace: info.namespace, name: info.name });
    const node = nodeNameOf(pod);
    if (!node) throw badRequest(`pod ${info.name} does not have a host assigned`);
    const stream = { kind, pod, node, query, request, context };
    if (kind !== 'log') {
      const target = { definition, namespace: info.namespace, name: info.name, subresource: info.subresource };
      const options = connectOptions(optionKinds[kind], query);
      // What was admitted is what runs, and nothing else that the query says.
      stream.query = queryOf(await registry.admit(context, target, 'CONNECT', options));
    }
    if (!streams)
      throw new StatusError('NotImplemented', `this API server carries no streams: ${kind} is not available here`);
    return [streams, stream];
  };

  return {
    async respond(exchange) {
      const [handler, stream] = await open(exchange);
      return handler.respond(stream);
    },
    async upgrade(exchange, connection) {
      const [handler, stream] = await open(exchange);
      await handler.upgrade(stream, connection);
      return undefined;
    },
  };
}

const optionKinds = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' };

/** The query as the object that admission sees. */
function connectOptions(kind: string, query: Query): KubeObject {
  const set = flags.filter((each) => query.boolean(each));
  const container = query.text('container');
  const ports = query.ports('ports');
  return {
    kind,
    apiVersion: 'v1',
    metadata: {},
    ...Object.fromEntries(set.map((each) => [each, true])),
    ...(container && { container }),
    ...(query.has('command') && { command: query.texts('command') }),
    ...(ports.length > 0 && { ports }),
  };
}

const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const;

function queryOf(options: KubeObject): Query {
  const parameters = new URLSearchParams();
  for (const flag of flags) if (options[flag] === true) parameters.set(flag, 'true');
  for (const field of ['container', 'command', 'ports'] as const)
    for (const value of [options[field] ?? []].flat()) parameters.append(field, String(value));
  return new Query(parameters);
}

function nodeNameOf(pod: KubeObject): string {
  return (pod['spec'] as { nodeName?: string } | undefined)?.nodeName ?? '';
}
