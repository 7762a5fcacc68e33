// What kube-proxy knows of one port of one Service: where it is reached and which endpoints answer, chosen for this node
// (KEP-1669 terminating endpoints, KEP-2086 internal traffic policy, KEP-2433 zone hints).

import { isReachable } from '../../../core/kinds/core/endpoints/reachable.ts';
import { canonicalAddress, familyOf, parseCidr } from '../../../core/machinery/cidr.ts';
import type { V1EndpointSlice, V1Service } from '../../../generated/kubernetes.ts';

type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** It runs on this node. */
  readonly local: boolean;
}

export interface ServicePort {
  /** `namespace/name/protocol/port name`: unique, and the stem of chain names. */
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIP: string;
  readonly nodePort?: number;
  /** External and load balancer addresses. */
  readonly externalIPs: readonly string[];
  /** The addresses of `externalIPs` that only `sourceRanges` may reach; empty when all may. */
  readonly guardedIPs: readonly string[];
  readonly sourceRanges: readonly string[];
  /** ClientIP affinity, in seconds. */
  readonly affinity?: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Usable endpoints of the cluster. */
  readonly cluster: readonly Endpoint[];
  /** Usable endpoints of this node. */
  readonly local: readonly Endpoint[];
  readonly healthCheckNodePort?: number;
}

export interface NodeTopology {
  readonly nodeName: string;
  /** Label topology.kubernetes.io/zone of the node. */
  readonly zone?: string;
}

type Family = 'IPv4' | 'IPv6';

/** The ports of all Services that have a cluster address of `family`, in the order of their ids. */
export function servicePorts(
  services: readonly V1Service[],
  slices: readonly V1EndpointSlice[],
  topology: NodeTopology,
  family: Family = 'IPv4',
): ServicePort[] {
  const results = resultsOf[family];
  const slicesOf = new Map<string, V1EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata?.labels?.['kubernetes.io/service-name'];
    if (slice.addressType !== family || service === undefined) continue;
    const key = `${slice.metadata?.namespace}/${service}`;
    const known = slicesOf.get(key);
    if (known === undefined) slicesOf.set(key, [slice]);
    else known.push(slice);
  }
  const ports: ServicePort[] = [];
  for (const service of services) {
    const own = slicesOf.get(`${service.metadata?.namespace}/${service.metadata?.name}`) ?? [];
    const known = results.get(service);
    if (known !== undefined && sameInputs(known, own, topology)) {
      ports.push(...known.ports);
      continue;
    }
    const made = portsOf(service, own, topology, family);
    results.set(service, { slices: own, topology, ports: made });
    ports.push(...made);
  }
  return ports.sort((a, b) => (a.id < b.id ? -1 : 1));
}

interface Result {
  readonly slices: readonly V1EndpointSlice[];
  readonly topology: NodeTopology;
  readonly ports: readonly ServicePort[];
}

/** By Service object: while it and its slices are the same objects, its ports are the same values. Objects are never changed in place. */
const resultsOf = { IPv4: new WeakMap<V1Service, Result>(), IPv6: new WeakMap<V1Service, Result>() };

function sameInputs(known: Result, slices: readonly V1EndpointSlice[], { nodeName, zone }: NodeTopology): boolean {
  if (known.topology.nodeName !== nodeName || known.topology.zone !== zone) return false;
  return known.slices.length === slices.length && slices.every((slice, index) => slice === known.slices[index]);
}

function portsOf(
  service: V1Service,
  slices: readonly V1EndpointSlice[],
  topology: NodeTopology,
  family: Family,
): ServicePort[] {
  const { metadata, spec } = service;
  const { isOurs, isRange } = ofFamily(family);
  const clusterIP = [spec?.clusterIP ?? '', ...(spec?.clusterIPs ?? [])].find(isOurs);
  // Headless (None), ExternalName and Services of the other family alone have no rules. Another proxy's Services are not ours.
  if (spec === undefined || clusterIP === undefined || spec.type === 'ExternalName') return [];
  if (metadata?.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return [];

  const balanced = (service.status?.loadBalancer?.ingress ?? [])
    .filter((ingress) => (ingress.ipMode ?? 'VIP') === 'VIP')
    .flatMap((ingress) => (ingress.ip !== undefined && isOurs(ingress.ip) ? [canonicalAddress(ingress.ip)] : []));
  const loadBalancerIPs = spec.type === 'LoadBalancer' ? balanced : [];
  const sourceRanges = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(isRange);
  const affinity =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : undefined;

  return (spec.ports ?? []).map((port) => {
    const protocol = (port.protocol ?? 'TCP').toLowerCase() as Protocol; // the API admits TCP, UDP and SCTP only
    const endpoints = endpointsOf(slices, port.name ?? '', protocol, topology, isOurs);
    return {
      id: `${metadata?.namespace}/${metadata?.name}/${protocol}/${port.name ?? ''}`,
      namespace: metadata?.namespace ?? '',
      service: metadata?.name ?? '',
      protocol,
      port: port.port,
      clusterIP: canonicalAddress(clusterIP),
      ...(port.nodePort === undefined || port.nodePort === 0 ? {} : { nodePort: port.nodePort }),
      // Some may have been stored before the API refused them: nobody takes over the loopback of the node.
      externalIPs: [
        ...new Set([...(spec.externalIPs ?? []).filter(isOurs).map(canonicalAddress), ...loadBalancerIPs]),
      ].filter(isReachable),
      guardedIPs: sourceRanges.length > 0 ? loadBalancerIPs : [],
      sourceRanges,
      ...(affinity === undefined ? {} : { affinity }),
      internalLocal: spec.internalTrafficPolicy === 'Local',
      externalLocal: spec.externalTrafficPolicy === 'Local',
      ...endpoints,
      ...(spec.healthCheckNodePort ? { healthCheckNodePort: spec.healthCheckNodePort } : {}),
    };
  });
}

interface Candidate extends Endpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

function endpointsOf(
  slices: readonly V1EndpointSlice[],
  portName: string,
  protocol: Protocol,
  topology: NodeTopology,
  isOurs: (address: string) => boolean,
): { cluster: Endpoint[]; local: Endpoint[] } {
  // By address and port: while an endpoint moves between slices it is in both.
  const candidates = new Map<string, Candidate>();
  for (const slice of slices) {
    const port = slice.ports?.find(
      (p) => (p.name ?? '') === portName && (p.protocol ?? 'TCP').toLowerCase() === protocol,
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName, hints } of slice.endpoints ?? []) {
      // Consumers use the first address only (discovery.k8s.io/v1 Endpoint.addresses).
      const [address] = addresses;
      if (address === undefined || !isOurs(address)) continue;
      const ip = canonicalAddress(address);
      const ready = conditions?.ready ?? true;
      candidates.set(`${ip}:${port}`, {
        ip,
        port,
        local: nodeName === topology.nodeName,
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
        zones: hints?.forZones?.map((zone) => zone.name) ?? [],
        nodes: hints?.forNodes?.map((node) => node.name) ?? [],
      });
    }
  }
  const all = [...candidates.values()].sort((a, b) => (`${a.ip}:${a.port}` < `${b.ip}:${b.port}` ? -1 : 1));
  return {
    cluster: usable(hinted(all, topology)).map(bare),
    local: usable(all.filter((endpoint) => endpoint.local)).map(bare),
  };
}

/** The ready ones; while there are none, those that still serve as they terminate. */
function usable(endpoints: readonly Candidate[]): readonly Candidate[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter((endpoint) => endpoint.serving && endpoint.terminating);
}

/** Hints count only when every ready endpoint has one and one of them is for us; nodes come before zones. */
function hinted(endpoints: readonly Candidate[], { nodeName, zone }: NodeTopology): readonly Candidate[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (ready.length === 0) return endpoints;
  if (ready.every((endpoint) => endpoint.nodes.length > 0)) {
    const near = ready.filter((endpoint) => endpoint.nodes.includes(nodeName));
    if (near.length > 0) return near;
  }
  if (zone !== undefined && ready.every((endpoint) => endpoint.zones.length > 0)) {
    const near = ready.filter((endpoint) => endpoint.zones.includes(zone));
    if (near.length > 0) return near;
  }
  return endpoints;
}

function bare({ ip, port, local }: Endpoint): Endpoint {
  return { ip, port, local };
}

function ofFamily(family: Family) {
  return {
    isOurs: (address: string) => familyOf(address) === family,
    isRange: (range: string) => parseCidr(range)?.family === family,
  };
}
