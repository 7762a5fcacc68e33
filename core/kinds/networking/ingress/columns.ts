// What `kubectl get` shows of Ingresses.

import type { V1Ingress } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, shortened, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { addresses } from '../load-balancer.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Ingress>('Class', ({ spec }) => spec?.ingressClassName ?? none),
  text<V1Ingress>('Hosts', ingressHosts),
  text<V1Ingress>('Address', ({ status }) => addresses(status?.loadBalancer?.ingress)),
  text<V1Ingress>('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
  ageColumn,
];

function ingressHosts({ spec }: V1Ingress): string {
  const hosts = (spec?.rules ?? []).flatMap((each) => (each.host ? [each.host] : []));
  return hosts.length === 0 ? '*' : shortened(hosts, 3);
}
