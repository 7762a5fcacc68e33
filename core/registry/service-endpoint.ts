// Where a Service is reached from inside the control plane: one of its ready endpoints, for webhooks and extension API servers.

import type { V1EndpointSlice } from '../../generated/kubernetes.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Stored } from '../replica/stored-type.ts';
import type { TypeName } from '../store/store.ts';

export interface ServiceLookups {
  readonly lookUp: <T extends TypeName>(type: T, key: string) => Promise<Stored<T, KubeObject> | undefined>;
  readonly lookAll: <T extends TypeName>(type: T, prefix?: string) => Promise<Stored<T, KubeObject>[]>;
  readonly random: () => number;
}

export interface ServiceEndpoint {
  readonly host: string;
  readonly port: number;
  /** The pod behind it, where it is one that runs on a node. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly uid: string; readonly node: string };
}

/** A Service leads nowhere. `reason` as in the conditions of an APIService. */
export class EndpointError extends Error {
  readonly reason: 'ServiceNotFound' | 'ServicePortError' | 'EndpointsNotFound' | 'MissingEndpoints';

  constructor(reason: EndpointError['reason'], message: string) {
    super(message);
    this.name = 'EndpointError';
    this.reason = reason;
  }
}

/** One ready endpoint of a Service's port. Fails with EndpointError. */
export async function serviceEndpoint(
  lookups: ServiceLookups,
  namespace: string,
  name: string,
  port: number,
): Promise<ServiceEndpoint> {
  const ready = await serviceEndpoints(lookups, namespace, name, port);
  const chosen = ready[Math.floor(lookups.random() * ready.length)];
  if (!chosen) throw new EndpointError('MissingEndpoints', `no endpoints available for service "${name}"`);
  return chosen;
}

/** Those that are ready; none is no failure. Fails with EndpointError. */
export async function serviceEndpoints(
  { lookUp, lookAll }: Omit<ServiceLookups, 'random'>,
  namespace: string,
  name: string,
  port: number,
): Promise<ServiceEndpoint[]> {
  const service = await lookUp('services', `${namespace}/${name}`);
  if (!service) throw new EndpointError('ServiceNotFound', `service "${name}" not found`);
  const found = service.spec?.ports?.find((each) => each.port === port);
  if (service.spec?.type === 'ExternalName')
    return [{ host: service.spec.externalName ?? '', port: found?.port ?? port }];
  if (!found) throw new EndpointError('ServicePortError', `no service port ${port} found for service "${name}"`);
  const all = await lookAll('discovery.k8s.io/endpointslices', `${namespace}/`);
  const slices = all.filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name);
  if (slices.length === 0) throw new EndpointError('EndpointsNotFound', `no endpoints available for service "${name}"`);
  return slices.flatMap((slice) => readyEndpoints(slice, namespace, found.name ?? ''));
}

function readyEndpoints({ ports, endpoints }: V1EndpointSlice, namespace: string, portName: string): ServiceEndpoint[] {
  const port = ports?.find((each) => (each.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (endpoints ?? []).flatMap(({ conditions, addresses: [host], targetRef, nodeName }) => {
    if (conditions?.ready === false || host === undefined) return [];
    if (targetRef?.kind !== 'Pod' || !nodeName) return [{ host, port }];
    const { name = '', uid = '' } = targetRef;
    return [{ host, port, pod: { namespace, name, uid, node: nodeName } }];
  });
}
