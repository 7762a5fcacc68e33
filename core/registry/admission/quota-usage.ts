// What an object counts against a ResourceQuota, by the names that quotas use: for admission and for the controller that reports it. Pure.

import type {
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodSpec,
  V1ResourceQuotaSpec,
  V1Service,
} from '../../../generated/kubernetes.ts';
import { ownContainers } from '../../kinds/core/pod/semantics/containers.ts';
import { qosClass } from '../../kinds/core/pod/semantics/qos-class.ts';
import { inQuantities, podTotal } from '../../kinds/core/pod/semantics/resources.ts';
import { isFinished } from '../../kinds/core/pod/semantics/state.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { addQuantities, parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts';

export type Usage = ReadonlyMap<string, Quantity>;

/** Resources of the core group that count under their bare name. */
const bare = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);

/** A resource as quotas know it: `{group: 'apps', resource: 'replicasets'}`. */
interface Counted {
  readonly group: string;
  readonly resource: string;
}

/** Which resource counts under a name that a quota limits. What is no object's own counts for pods: `cpu`, `requests.example.com/dongle`. */
export function countedUnder(name: string): Counted {
  if (name.startsWith('count/')) {
    const [resource = '', ...group] = name.slice('count/'.length).split('.');
    return { group: group.join('.'), resource };
  }
  if (bare.has(name)) return { group: '', resource: name };
  if (name.startsWith('services.')) return { group: '', resource: 'services' };
  const storage = name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/');
  return { group: '', resource: storage ? 'persistentvolumeclaims' : 'pods' };
}

export function usageOf({ group, resource }: Counted, object: KubeObject): Usage {
  const usage = new Map<string, Quantity>();
  const add = (name: string, amount: Quantity) => {
    const before = usage.get(name);
    usage.set(name, before ? addQuantities(before, amount) : amount);
  };
  const one = quantityOf(1);
  add(`count/${resource}${group ? `.${group}` : ''}`, one);
  if (group !== '') return usage;
  if (resource === 'pods') {
    // What is stored as a pod is one; and so below.
    const pod = object as V1Pod;
    if (isFinished(pod)) return usage;
    add('pods', one);
    podResources(pod, add);
    return usage;
  }
  if (bare.has(resource)) add(resource, one);
  if (resource === 'services') {
    const { spec } = object as V1Service;
    const ports = spec?.ports ?? [];
    if (spec?.type === 'LoadBalancer') add('services.loadbalancers', one);
    // Where node ports will be allocated, they are not there yet when admission asks.
    if (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false)
      add('services.nodeports', quantityOf(ports.filter(({ nodePort }) => nodePort).length));
    else if (spec?.type === 'NodePort' || spec?.type === 'LoadBalancer')
      add('services.nodeports', quantityOf(ports.length));
  }
  if (resource === 'persistentvolumeclaims') {
    const { spec } = object as V1PersistentVolumeClaim;
    const size = parseQuantity(spec?.resources?.requests?.['storage'] ?? '0');
    add('requests.storage', size);
    if (spec?.storageClassName) {
      const prefix = `${spec.storageClassName}.storageclass.storage.k8s.io`;
      add(`${prefix}/requests.storage`, size);
      add(`${prefix}/persistentvolumeclaims`, one);
    }
  }
  return usage;
}

function podResources({ spec }: V1Pod, add: (name: string, amount: Quantity) => void): void {
  if (!spec) return;
  for (const list of ['requests', 'limits'] as const) {
    for (const [name, amount] of podTotal(spec, list, inQuantities)) {
      add(`${list}.${name}`, amount);
      if (list === 'requests' && native.test(name)) add(name, amount);
    }
  }
}

/** Requests of these count without the word as well. */
const native = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Compute resources that every container must speak of where a quota does. Others count only where they are asked for. */
const required = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

/** What containers of a pod leave open of what a quota limits: `limits.cpu for: a,b; memory for: a`. Empty when nothing. */
export function leftOpen(spec: V1PodSpec, hard: readonly string[]): string {
  const containers = ownContainers(spec);
  return hard
    .filter((each) => required.has(each))
    .sort()
    .flatMap((each) => {
      const [list, name] = each.startsWith('limits.')
        ? (['limits', each.slice('limits.'.length)] as const)
        : (['requests', each.replace('requests.', '')] as const);
      if (getOwn(spec.resources?.[list], name) !== undefined) return [];
      const silent = containers.filter(({ resources }) => getOwn(resources?.[list], name) === undefined);
      return silent.length > 0
        ? [
            `${each} for: ${silent
              .map((one) => one.name)
              .sort()
              .join(',')}`,
          ]
        : [];
    })
    .join('; ');
}

/** Whether a quota with scopes looks at this object. Scopes speak of pods only. */
export function inScope(spec: V1ResourceQuotaSpec, { group, resource }: Counted, object: KubeObject): boolean {
  const expressions = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(spec.scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values = [] }) => ({
      scopeName,
      operator,
      values,
    })),
  ];
  if (expressions.length === 0) return true;
  if (group !== '' || resource !== 'pods') return false;
  // What is stored as a pod is one.
  const pod = object as V1Pod;
  return expressions.every(({ scopeName, operator, values }) => {
    const terminating = pod.spec?.activeDeadlineSeconds !== undefined;
    const bestEffort = pod.spec ? qosClass(pod.spec) === 'BestEffort' : false;
    switch (scopeName) {
      case 'Terminating':
        return terminating;
      case 'NotTerminating':
        return !terminating;
      case 'BestEffort':
        return bestEffort;
      case 'NotBestEffort':
        return !bestEffort;
      case 'PriorityClass': {
        const name = pod.spec?.priorityClassName ?? '';
        if (operator === 'In') return values.includes(name);
        if (operator === 'NotIn') return !values.includes(name);
        return operator === 'Exists' ? name !== '' : name === '';
      }
      case 'CrossNamespacePodAffinity':
        return looksElsewhere(pod.spec);
      default:
        return false;
    }
  });
}

/** Whether a pod's affinity speaks of pods of other namespaces. */
function looksElsewhere(spec: V1PodSpec | undefined): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => namespaceSelector !== undefined || (namespaces ?? []).length > 0,
  );
}
