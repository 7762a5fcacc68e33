// What a pod contributes to a Service: addresses by family, and the numbers of its target ports.

import { lastingContainers } from '../../core/kinds/core/pod/semantics/containers.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { V1Service } from '../../generated/kubernetes.ts';
import type { ObjectOf, Snapshot } from './controller.ts';
import type { Pod } from './pod-state.ts';

export type Service = ObjectOf<'services'>;
export type Family = 'IPv4' | 'IPv6';

export interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

export const headlessLabel = 'service.kubernetes.io/headless';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';

/** Whether the endpoints of this Service follow from a selector. */
export function hasSelector(service: V1Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
}

export function isHeadless(service: V1Service): boolean {
  return service.spec?.clusterIP === 'None';
}

export function familiesOf(service: V1Service): Family[] {
  const families = service.spec?.ipFamilies ?? [];
  if (families.length) return families.map((each) => (each === 'IPv6' ? 'IPv6' : 'IPv4'));
  return [familyOf(service.spec?.clusterIP ?? '')];
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Pods behind a Service that have an address: finished ones are not among them, those on their way out are. */
export function podsBehind(snapshot: Snapshot<'pods'>, service: Service): Pod[] {
  const selector = { matchLabels: service.spec?.selector ?? {} };
  return snapshot
    .list('pods', service.metadata.namespace ?? '', selector)
    .filter((pod) => !isFinished(pod) && addressesOf(pod).length > 0);
}

export function addressesOf(pod: Pod): string[] {
  const addresses = pod.status?.podIPs?.map((each) => each.ip) ?? [];
  return addresses.length ? addresses : pod.status?.podIP ? [pod.status.podIP] : [];
}

/** The Service's ports as this pod serves them. A named port that no container has is left out. */
export function portsOf(service: Service, pod: Pod): Port[] {
  return (service.spec?.ports ?? []).flatMap((each) => {
    const protocol = each.protocol ?? 'TCP';
    const port = portNumber(each.targetPort ?? each.port, protocol, pod);
    if (port === undefined) return [];
    return [{ name: each.name ?? '', port, protocol, ...(each.appProtocol && { appProtocol: each.appProtocol }) }];
  });
}

function portNumber(target: number | string, protocol: string, pod: Pod): number | undefined {
  if (typeof target === 'number') return target;
  for (const container of lastingContainers(pod.spec)) {
    const found = container.ports?.find((each) => each.name === target && (each.protocol ?? 'TCP') === protocol);
    if (found) return found.containerPort;
  }
  const number = Number(target);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** A pod that has a name in the DNS of this Service. */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  return pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}

/** Services whose selector takes in these labels. */
export function servicesOf(snapshot: Snapshot<'services'>, pods: readonly Pod[]): string[] {
  const keys = new Set<string>();
  const namespace = pods[0]?.metadata.namespace ?? '';
  for (const service of snapshot.list('services', namespace)) {
    if (!hasSelector(service)) continue;
    const wanted = Object.entries(service.spec?.selector ?? {});
    if (pods.some((pod) => wanted.every(([key, value]) => getOwn(pod.metadata.labels, key) === value))) {
      keys.add(`${namespace}/${service.metadata.name}`);
    }
  }
  return [...keys];
}
