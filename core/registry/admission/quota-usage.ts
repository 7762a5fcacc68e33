// What an object counts against a ResourceQuota, by the names that quotas use. Pure.

import type { V1PersistentVolumeClaim, V1Pod, V1ResourceQuotaSpec, V1Service } from '../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { addQuantities, parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts';
import { qosClass } from '../kinds/pod/qos.ts';

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

export function usageOf(definition: ResourceDefinition, object: KubeObject): Usage {
  const usage = new Map<string, Quantity>();
  const add = (name: string, amount: Quantity) => {
    const before = usage.get(name);
    usage.set(name, before ? addQuantities(before, amount) : amount);
  };
  const one = quantityOf(1);
  const { group, resource } = definition;
  add(`count/${resource}${group ? `.${group}` : ''}`, one);
  if (group !== '') return usage;
  if (resource === 'pods') {
    // What is stored as a pod is one; and so below.
    const pod = object as unknown as V1Pod;
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return usage;
    add('pods', one);
    podResources(pod, add);
    return usage;
  }
  if (bare.has(resource)) add(resource, one);
  if (resource === 'services') {
    const { spec } = object as unknown as V1Service;
    const ports = spec?.ports?.length ?? 0;
    if (spec?.type === 'LoadBalancer') add('services.loadbalancers', one);
    if (spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false))
      add('services.nodeports', quantityOf(ports));
  }
  if (resource === 'persistentvolumeclaims') {
    const { spec } = object as unknown as V1PersistentVolumeClaim;
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
  for (const list of ['requests', 'limits'] as const) {
    const totals = new Map<string, Quantity>();
    for (const { resources } of spec?.containers ?? []) {
      for (const [name, value] of Object.entries(resources?.[list] ?? {})) {
        const before = totals.get(name);
        totals.set(name, before ? addQuantities(before, parseQuantity(value)) : parseQuantity(value));
      }
    }
    // Init containers run one after another: the largest counts, where it is more than all the others together.
    for (const { resources } of spec?.initContainers ?? []) {
      for (const [name, value] of Object.entries(resources?.[list] ?? {})) {
        const amount = parseQuantity(value);
        const before = totals.get(name);
        if (!before || before.nanos < amount.nanos) totals.set(name, amount);
      }
    }
    for (const [name, amount] of totals) {
      add(`${list}.${name}`, amount);
      if (list === 'requests' && ['cpu', 'memory', 'ephemeral-storage'].includes(name)) add(name, amount);
    }
  }
}

/** Whether a quota with scopes looks at this object. Scopes speak of pods only. */
export function inScope(spec: V1ResourceQuotaSpec, definition: ResourceDefinition, object: KubeObject): boolean {
  const expressions = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(spec.scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values = [] }) => ({
      scopeName,
      operator,
      values,
    })),
  ];
  if (expressions.length === 0) return true;
  if (definition.type !== 'pods') return false;
  // What is stored as a pod is one.
  const pod = object as unknown as V1Pod;
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
      default:
        return false;
    }
  });
}
