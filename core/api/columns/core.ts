// Columns of core, networking, discovery and event kinds.

import type {
  CoreV1Event,
  EventsV1Event,
  V1ComponentStatus,
  V1ConfigMap,
  V1EndpointSlice,
  V1Endpoints,
  V1Ingress,
  V1IngressClass,
  V1IPAddress,
  V1Lease,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1ResourceQuota,
  V1Secret,
  V1Service,
  V1ServiceCIDR,
} from '../../../generated/kubernetes.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Column } from '../definition.ts';
import { ageOf } from './age.ts';
import {
  ageColumn,
  integer,
  labelsText,
  nameColumn,
  none,
  selectorText,
  shortened,
  text,
  unknown,
  unset,
  wide,
} from './column.ts';

const maxEndpoints = 3;

export const coreColumns: Readonly<Record<string, readonly Column[]>> = {
  services: [
    nameColumn,
    text<V1Service>('Type', ({ spec }) => spec?.type),
    text<V1Service>('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? (spec?.clusterIP || none)),
    text<V1Service>('External-IP', externalAddress),
    text<V1Service>('Port(s)', servicePorts),
    ageColumn,
    wide(text<V1Service>('Selector', ({ spec }) => labelsText(spec?.selector))),
  ],
  endpoints: [nameColumn, text<V1Endpoints>('Endpoints', endpointAddresses), ageColumn],
  'endpointslices.discovery.k8s.io': [
    nameColumn,
    text<V1EndpointSlice>('AddressType', ({ addressType }) => addressType),
    text<V1EndpointSlice>('Ports', ({ ports }) =>
      ports?.length
        ? shortened(
            ports.map((each) => String(each.port ?? '*')),
            maxEndpoints,
          )
        : unset,
    ),
    text<V1EndpointSlice>('Endpoints', ({ endpoints }) =>
      endpoints?.length
        ? shortened(
            endpoints.flatMap((each) => each.addresses),
            maxEndpoints,
          )
        : unset,
    ),
    ageColumn,
  ],
  nodes: [
    nameColumn,
    text<V1Node>('Status', nodeStatus),
    text<V1Node>('Roles', nodeRoles),
    ageColumn,
    text<V1Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion),
    wide(text<V1Node>('Internal-IP', (node) => nodeAddress(node, 'InternalIP'))),
    wide(text<V1Node>('External-IP', (node) => nodeAddress(node, 'ExternalIP'))),
    wide(text<V1Node>('OS-Image', ({ status }) => status?.nodeInfo?.osImage || unknown)),
    wide(text<V1Node>('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion || unknown)),
    wide(text<V1Node>('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || unknown)),
  ],
  namespaces: [nameColumn, text<V1Namespace>('Status', ({ status }) => status?.phase), ageColumn],
  configmaps: [
    nameColumn,
    text<V1ConfigMap>('Data', ({ data, binaryData }) => size(data) + size(binaryData)),
    ageColumn,
  ],
  secrets: [
    nameColumn,
    text<V1Secret>('Type', ({ type }) => type),
    text<V1Secret>('Data', ({ data }) => size(data)),
    ageColumn,
  ],
  serviceaccounts: [nameColumn, ageColumn],
  resourcequotas: [
    nameColumn,
    text<V1ResourceQuota>('Request', (quota) => used(quota, false)),
    text<V1ResourceQuota>('Limit', (quota) => used(quota, true)),
    ageColumn,
  ],
  componentstatuses: [
    nameColumn,
    text<V1ComponentStatus>('Status', (status) => (health(status)?.status === 'True' ? 'Healthy' : 'Unhealthy')),
    text<V1ComponentStatus>('Message', (status) => health(status)?.message),
    text<V1ComponentStatus>('Error', (status) => health(status)?.error),
  ],
  events: eventColumns(),
  'events.events.k8s.io': eventColumns(),
  'leases.coordination.k8s.io': [nameColumn, text<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity), ageColumn],
  'ingresses.networking.k8s.io': [
    nameColumn,
    text<V1Ingress>('Class', ({ spec }) => spec?.ingressClassName ?? none),
    text<V1Ingress>('Hosts', ingressHosts),
    text<V1Ingress>('Address', ({ status }) => addresses(status?.loadBalancer?.ingress)),
    text<V1Ingress>('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
  'ingressclasses.networking.k8s.io': [
    nameColumn,
    text<V1IngressClass>('Controller', ({ spec }) => spec?.controller),
    text<V1IngressClass>('Parameters', ({ spec }) => {
      const parameters = spec?.parameters;
      if (!parameters) return none;
      return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`;
    }),
    ageColumn,
  ],
  'networkpolicies.networking.k8s.io': [
    nameColumn,
    text<V1NetworkPolicy>('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector)),
    ageColumn,
  ],
  'servicecidrs.networking.k8s.io': [
    nameColumn,
    text<V1ServiceCIDR>('CIDRs', ({ spec }) => spec?.cidrs?.join(',')),
    ageColumn,
  ],
  'ipaddresses.networking.k8s.io': [
    nameColumn,
    text<V1IPAddress>('ParentRef', ({ spec }) => {
      const parent = spec?.parentRef;
      if (!parent) return none;
      return [parent.resource + (parent.group ? `.${parent.group}` : ''), parent.namespace, parent.name]
        .filter(Boolean)
        .join('/');
    }),
  ],
};

function size(map: Readonly<Record<string, string>> | undefined): number {
  return Object.keys(map ?? {}).length;
}

function addresses(ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): string {
  return (ingress ?? []).map((each) => each.ip || each.hostname || '').join(',');
}

function externalAddress({ spec, status }: V1Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ExternalName':
      return spec.externalName || none;
    case 'LoadBalancer': {
      const balancer = addresses(status?.loadBalancer?.ingress);
      return [balancer, ...own].filter(Boolean).join(',') || '<pending>';
    }
    default:
      return own.join(',') || none;
  }
}

function servicePorts({ spec }: V1Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.join(',') || none;
}

function endpointAddresses({ subsets = [] }: V1Endpoints): string {
  const all = subsets.flatMap(({ addresses: ready = [], ports = [] }) => {
    if (ports.length === 0) return ready.map((each) => each.ip);
    return ports.flatMap(({ port }) => ready.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`));
  });
  return all.length === 0 ? none : shortened(all, maxEndpoints);
}

function nodeStatus({ spec, status }: V1Node): string {
  const ready = status?.conditions?.find((each) => each.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

const roleLabel = 'node-role.kubernetes.io/';

function nodeRoles({ metadata }: V1Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(roleLabel) && key.length > roleLabel.length) return [key.slice(roleLabel.length)];
    return key === 'kubernetes.io/role' && value ? [value] : [];
  });
  return [...new Set(roles)].sort().join(',') || none;
}

function nodeAddress({ status }: V1Node, type: string): string {
  return status?.addresses?.find((each) => each.type === type)?.address ?? none;
}

function used({ status }: V1ResourceQuota, limits: boolean): string {
  const hard = Object.entries(status?.hard ?? {}).filter(([name]) => name.startsWith('limits') === limits);
  return hard
    .map(([name, quantity]) => `${name}: ${getOwn(status?.used, name) ?? '0'}/${quantity}`)
    .sort()
    .join(', ');
}

function health({ conditions }: V1ComponentStatus) {
  return conditions?.find((each) => each.type === 'Healthy');
}

function ingressHosts({ spec }: V1Ingress): string {
  const hosts = (spec?.rules ?? []).flatMap((each) => (each.host ? [each.host] : []));
  return hosts.length === 0 ? '*' : shortened(hosts, 3);
}

type AnyEvent = CoreV1Event & EventsV1Event;

function eventColumns(): readonly Column[] {
  const first = (event: AnyEvent) => event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime;
  const last = (event: AnyEvent) =>
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.deprecatedLastTimestamp ?? first(event);
  const subject = (event: AnyEvent) => event.involvedObject ?? event.regarding;
  return [
    text<AnyEvent>('Last Seen', (event, now) => ageOf(last(event), now)),
    text<AnyEvent>('Type', ({ type }) => type),
    text<AnyEvent>('Reason', ({ reason }) => reason),
    text<AnyEvent>('Object', (event) => {
      const { kind = '', name } = subject(event) ?? {};
      return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
    }),
    wide(text<AnyEvent>('Subobject', (event) => subject(event)?.fieldPath ?? '')),
    wide(text<AnyEvent>('Source', eventSource)),
    text<AnyEvent>('Message', ({ message, note }) => (message ?? note ?? '').trim()),
    wide(text<AnyEvent>('First Seen', (event, now) => ageOf(first(event), now))),
    wide(
      integer<AnyEvent>(
        'Count',
        ({ series, count, deprecatedCount }) => series?.count ?? (count || deprecatedCount || 1),
      ),
    ),
    wide(nameColumn),
  ];
}

function eventSource(event: AnyEvent): string {
  const source = event.source ?? event.deprecatedSource;
  const component = source?.component || event.reportingComponent || event.reportingController || '';
  const instance = source?.host || event.reportingInstance || '';
  return instance ? `${component}, ${instance}` : component;
}
