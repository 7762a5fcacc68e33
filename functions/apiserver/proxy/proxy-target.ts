// Which port of which pod a proxy request means: `[scheme:]name[:port]` of a pod, or of a Service and then one of its endpoints.

import type { Definitions } from '../../../core/api/definition.ts';
import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import type { PodPort } from '../../../core/node/node-stream.ts';
import type { Registry, RequestContext } from '../../../core/registry/registry.ts';
import type { V1EndpointSlice, V1Node, V1Pod, V1Service } from '../../../generated/kubernetes.ts';
import { noSuchResource } from '../resources/routes.ts';

export interface ProxyTarget {
  readonly scheme: 'http' | 'https';
  readonly port: PodPort;
  /** What the pod sees as its own name. */
  readonly host: string;
}

export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** Empty: the only or first one. */
  readonly port: string;
}

/** Source: Kubernetes, "Access Services Running on Clusters", manually constructing proxy URLs. Throws BadRequest. */
export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: first, port: second };
  if (parts.length === 3 && (first === 'http' || first === 'https' || first === ''))
    return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third };
  throw badRequest(`${JSON.stringify(text)} is not a name to proxy to: write [http:|https:]name[:port]`);
}

export interface TargetLookup {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly context: RequestContext;
  /** From 0 to 1, for the choice among endpoints. */
  readonly random: () => number;
}

/** Throws StatusError: the object is not there, the port is not one, or nothing is ready behind it. */
export async function podTarget(lookup: TargetLookup, namespace: string, text: string): Promise<ProxyTarget> {
  const { scheme, name, port } = parseProxyName(text);
  const pod = await read<V1Pod>(lookup, '', 'pods', namespace, name);
  const node = pod.spec?.nodeName;
  if (!node) throw badRequest(`pod ${name} does not have a host assigned`);
  const declared = pod.spec?.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort;
  const number = port === '' ? (declared ?? (scheme === 'https' ? 443 : 80)) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535)
    throw badRequest(`port ${JSON.stringify(port)} of pod ${name} is not a number of 1 to 65535`);
  const host = `${pod.status?.podIP ?? name}:${number}`;
  return { scheme, host, port: { namespace, pod: name, uid: pod.metadata?.uid ?? '', node, port: number } };
}

/** Throws StatusError, as podTarget. */
export async function serviceTarget(lookup: TargetLookup, namespace: string, text: string): Promise<ProxyTarget> {
  const { scheme, name, port } = parseProxyName(text);
  const service = await read<V1Service>(lookup, '', 'services', namespace, name);
  const ports = service.spec?.ports ?? [];
  const chosen =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((each) => each.name === port || String(each.port) === port || (port === '' && !each.name));
  if (!chosen)
    throw new StatusError('ServiceUnavailable', `no service port ${JSON.stringify(port)} found for service "${name}"`);

  const definition = lookup.definitions.find('discovery.k8s.io', 'v1', 'endpointslices');
  if (!definition) throw noSuchResource();
  const options = { labelSelector: `kubernetes.io/service-name=${name}` };
  const { entries } = await lookup.registry.list(lookup.context, { definition, namespace }, options);
  const found: ProxyTarget[] = [];
  for (const entry of entries) {
    // as: the type of the resource that was listed.
    const slice = entry.object as V1EndpointSlice;
    const number = slice.ports?.find((each) => (each.name ?? '') === (chosen.name ?? ''))?.port;
    if (!number) continue;
    for (const { conditions, nodeName, targetRef, addresses } of slice.endpoints ?? []) {
      if (conditions?.ready === false || targetRef?.kind !== 'Pod' || !nodeName) continue;
      const { name: pod = '', uid = '' } = targetRef;
      found.push({
        scheme,
        host: `${addresses[0]}:${number}`,
        port: { namespace, pod, uid, node: nodeName, port: number },
      });
    }
  }
  const one = found[Math.floor(lookup.random() * found.length)];
  if (!one) throw new StatusError('ServiceUnavailable', `no endpoints available for service "${name}"`);
  return one;
}

/** The node whose own API is meant: its only port is kubelet's. Throws StatusError: the node is not there, or another port is named. */
export async function nodeTarget(lookup: TargetLookup, text: string): Promise<string> {
  const { name, port } = parseProxyName(text);
  if (port !== '' && port !== kubeletPort)
    throw badRequest(
      `port ${JSON.stringify(port)} of node ${name} is not served: only its own API, port ${kubeletPort}, is`,
    );
  await read<V1Node>(lookup, '', 'nodes', undefined, name);
  return name;
}

const kubeletPort = '10250';

async function read<T>(
  { registry, definitions, context }: TargetLookup,
  group: string,
  resource: string,
  namespace: string | undefined,
  name: string,
): Promise<T> {
  const definition = definitions.find(group, 'v1', resource);
  if (!definition) throw noSuchResource();
  const { object } = await registry.get(context, { definition, ...(namespace && { namespace }), name });
  // as: the caller names the type of the resource that it asks for.
  return object as T;
}
