// The status of ResourceQuotas: what a namespace uses of what it may. Admission refuses what would go beyond.

import {
  addQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
} from '../../core/machinery/quantity.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  type ObjectOf,
  type Snapshot,
  splitKey,
  type WatchRule,
  watchSelf,
} from './controller.ts';
import { isFinished, type Pod } from './pod-state.ts';

const type = 'resourcequotas';

type Quota = ObjectOf<typeof type>;

/** Counted by number under these names. */
const counted: Record<string, string> = {
  pods: 'pods',
  services: 'services',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: 'resourcequotas',
  secrets: 'secrets',
  configmaps: 'configmaps',
  persistentvolumeclaims: 'persistentvolumeclaims',
};

const anything: WatchRule = {
  type: '*',
  keys: ({ object }, snapshot) =>
    object.metadata.namespace
      ? snapshot
          .list(type, object.metadata.namespace)
          .map((each) => `${object.metadata.namespace}/${each.metadata.name}`)
      : [],
};

export const resourceQuotaController: Controller = {
  name: 'resourcequota',
  user: controllerUser('resourcequota-controller'),
  watches: [watchSelf(type), anything],
  owns: [type],
  reconcile(snapshot, key): Action[] {
    const { namespace, name } = splitKey(key);
    const quota = snapshot.get(type, namespace, name);
    if (!quota || quota.metadata.deletionTimestamp) return [];
    const hard = quota.spec?.hard ?? {};
    const used: Record<string, string> = {};
    for (const resource of Object.keys(hard)) used[resource] = usage(snapshot, quota, resource);
    const status = { hard, used };
    if (sameJson(status, quota.status)) return [];
    return [{ do: 'update', type, subresource: 'status', object: { ...quota, status } }];
  },
};

function usage(snapshot: Snapshot, quota: Quota, resource: string): string {
  const { namespace = '' } = quota.metadata;
  const numbered = resource.startsWith('count/') ? logName(resource.slice('count/'.length)) : counted[resource];
  if (numbered && numbered !== 'pods') return String(snapshot.list(numbered, namespace).length);
  if (resource === 'count/pods') return String(snapshot.list('pods', namespace).length);
  if (resource.startsWith('services.'))
    return String(services(snapshot, namespace, resource.slice('services.'.length)));
  if (resource === 'requests.storage' || resource.includes('.storageclass.storage.k8s.io/')) {
    return storage(snapshot, namespace, resource);
  }
  const pods = snapshot.list('pods', namespace).filter((each) => !isFinished(each) && inScope(quota, each));
  if (resource === 'pods') return String(pods.length);
  const [kind, name] = resource.startsWith('limits.')
    ? (['limits', resource.slice('limits.'.length)] as const)
    : (['requests', resource.replace(/^requests\./, '')] as const);
  return formatQuantity(total(pods.map((each) => podUsage(each, kind, name))));
}

/** `deployments.apps` -> `apps/deployments`. */
function logName(qualified: string): string {
  const dot = qualified.indexOf('.');
  return dot < 0 ? qualified : `${qualified.slice(dot + 1)}/${qualified.slice(0, dot)}`;
}

function services(snapshot: Snapshot, namespace: string, kind: string): number {
  const all = snapshot.list('services', namespace);
  const nodePorts = (each: (typeof all)[number]) => each.spec?.ports?.filter((port) => port.nodePort).length ?? 0;
  if (kind === 'loadbalancers') return all.filter((each) => each.spec?.type === 'LoadBalancer').length;
  return all.reduce((sum, each) => sum + nodePorts(each), 0);
}

function storage(snapshot: Snapshot, namespace: string, resource: string): string {
  const [className, what = resource] = resource.split('.storageclass.storage.k8s.io/');
  const claims = snapshot
    .list('persistentvolumeclaims', namespace)
    .filter((each) => what === resource || each.spec?.storageClassName === className);
  if (what === 'persistentvolumeclaims') return String(claims.length);
  return formatQuantity(total(claims.map((each) => parseQuantity(each.spec?.resources?.requests?.['storage'] ?? '0'))));
}

function total(quantities: readonly Quantity[]): Quantity {
  return quantities.reduce((sum, each) => (sum.nanos ? addQuantities(sum, each) : each), quantityOf(0));
}

/** Containers and sidecars run together; an init container runs alone, beside the sidecars before it (KEP-753). */
function podUsage(pod: Pod, kind: 'requests' | 'limits', name: string): Quantity {
  const of = (container: { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } }) =>
    parseQuantity(container.resources?.[kind]?.[name] ?? '0');
  let sidecars = quantityOf(0);
  let most = quantityOf(0);
  for (const each of pod.spec?.initContainers ?? []) {
    const alone = addQuantities(of(each), sidecars);
    if (alone.nanos > most.nanos) most = alone;
    if (each.restartPolicy === 'Always') sidecars = total([sidecars, of(each)]);
  }
  const together = total([sidecars, ...(pod.spec?.containers ?? []).map(of)]);
  const needed = together.nanos >= most.nanos ? together : most;
  return total([needed, parseQuantity(pod.spec?.overhead?.[name] ?? '0')]);
}

function inScope(quota: Quota, pod: Pod): boolean {
  const plain = (quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: undefined }));
  const expressions = (quota.spec?.scopeSelector?.matchExpressions ?? []).map((each) => ({
    ...each,
    values: each.values,
  }));
  return [...plain, ...expressions].every(({ scopeName, operator, values }) => {
    const terminating = pod.spec?.activeDeadlineSeconds !== undefined;
    switch (scopeName) {
      case 'Terminating':
        return terminating;
      case 'NotTerminating':
        return !terminating;
      case 'BestEffort':
        return isBestEffort(pod);
      case 'NotBestEffort':
        return !isBestEffort(pod);
      case 'PriorityClass': {
        const name = pod.spec?.priorityClassName;
        if (operator === 'Exists') return name !== undefined;
        if (operator === 'DoesNotExist') return name === undefined;
        return operator === 'In' ? values?.includes(name ?? '') === true : values?.includes(name ?? '') !== true;
      }
      default:
        return true;
    }
  });
}

function isBestEffort(pod: Pod): boolean {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return all.every(
    ({ resources }) => !Object.keys(resources?.requests ?? {}).length && !Object.keys(resources?.limits ?? {}).length,
  );
}
