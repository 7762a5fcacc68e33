// What `kubectl get` shows of Services.

import type { V1Service } from '../../../../generated/kubernetes.ts';
import { ageColumn, labelsText, nameColumn, none, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { addresses } from '../../networking/load-balancer.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Service>('Type', ({ spec }) => spec?.type),
  text<V1Service>('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? (spec?.clusterIP || none)),
  text<V1Service>('External-IP', externalAddress),
  text<V1Service>('Port(s)', servicePorts),
  ageColumn,
  wide(text<V1Service>('Selector', ({ spec }) => labelsText(spec?.selector))),
];

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
