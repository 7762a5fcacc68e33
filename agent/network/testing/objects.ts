// Builders of the objects that network tests talk about.

import type { V1EndpointSlice, V1Pod, V1Service, V1ServicePort } from '../../../generated/kubernetes.ts';

export function service(name: string, clusterIP: string, spec: Partial<V1Service['spec']> = {}): V1Service {
  const ports: V1ServicePort[] = [{ name: 'http', port: 80, protocol: 'TCP' }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports, ...spec },
  };
}

export interface EndpointOptions {
  ip: string;
  nodeName?: string;
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
  hostname?: string;
  zones?: string[];
}

export function slice(
  serviceName: string,
  endpoints: EndpointOptions[],
  ports: V1EndpointSlice['ports'] = [{ name: 'http', port: 8080, protocol: 'TCP' }],
): V1EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${serviceName}-1`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: endpoints[0]?.ip.includes(':') ? 'IPv6' : 'IPv4',
    ports,
    endpoints: endpoints.map(({ ip, nodeName = 'node-1', ready = true, serving, terminating, hostname, zones }) => ({
      addresses: [ip],
      nodeName,
      conditions: {
        ready,
        ...(serving === undefined ? {} : { serving }),
        ...(terminating === undefined ? {} : { terminating }),
      },
      ...(hostname === undefined ? {} : { hostname }),
      ...(zones === undefined ? {} : { hints: { forZones: zones.map((name) => ({ name })) } }),
    })),
  };
}

export function pod(
  name: string,
  podIP: string,
  labels: Record<string, string> = {},
  spec: Partial<V1Pod['spec']> = {},
): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { nodeName: 'node-1', containers: [{ name: 'main' }], ...spec },
    status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] },
  };
}
