// The EndpointSlice controller: the pods behind each Service with a selector, at most a hundred a slice (KEP-752).

import { isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import type { V1Endpoint } from '../../generated/kubernetes.ts';
import { canonical, suffixOf } from './child-name.ts';
import { controllerRef } from './claim-children.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  type Snapshot,
  splitKey,
  watch,
  watchSelf,
} from './controller.ts';
import type { Pod } from './pod-state.ts';
import {
  addressesOf,
  type Family,
  familiesOf,
  familyOf,
  hasSelector,
  headlessLabel,
  hostnameOf,
  isHeadless,
  managedByLabel,
  type Port,
  podsBehind,
  portsOf,
  type Service,
  serviceNameLabel,
  servicesOf,
} from './served-endpoint.ts';

const type = 'discovery.k8s.io/endpointslices';
const manager = 'endpointslice-controller.k8s.io';
const largest = 100;

type Slice = ObjectOf<typeof type>;

/** Endpoints with the same address family and ports share slices. */
interface Group {
  readonly family: Family;
  readonly ports: readonly Port[];
  readonly endpoints: Map<string, V1Endpoint>;
}

export const endpointSliceController = defineController({
  name: 'endpointslice',
  user: controllerUser('endpointslice-controller'),
  watches: [
    watchSelf('services'),
    watch('pods', ({ object, previous }, snapshot: Snapshot<'services'>) =>
      servicesOf(snapshot, previous ? [object, previous] : [object]),
    ),
    watch(type, ({ object }) => {
      const { namespace = '', labels } = object.metadata;
      return labels?.[managedByLabel] === manager && labels[serviceNameLabel]
        ? [`${namespace}/${labels[serviceNameLabel]}`]
        : [];
    }),
  ],
  reads: ['nodes'],
  owns: [type],
  reconcile(snapshot, key) {
    const { namespace, name } = splitKey(key);
    const service = snapshot.get('services', namespace, name);
    const labels = { [serviceNameLabel]: name, [managedByLabel]: manager };
    const slices = snapshot.list(type, namespace, { matchLabels: labels });
    if (!service || !hasSelector(service) || service.metadata.deletionTimestamp) {
      // The garbage collector takes slices of a Service that is gone; one that lost its selector keeps none of ours.
      return service && !service.metadata.deletionTimestamp ? slices.map(remove) : [];
    }
    const groups = groupsOf(snapshot, service);
    const stale = slices.filter((each) => !groups.has(groupKey(each.addressType, each.ports)));
    return [...groups.values()].flatMap((group) => place(snapshot, service, group, slices)).concat(stale.map(remove));
  },
});

function groupsOf(snapshot: Snapshot<'nodes' | 'pods'>, service: Service): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const family of familiesOf(service)) {
    let any = false;
    for (const pod of podsBehind(snapshot, service)) {
      const addresses = addressesOf(pod).filter((each) => familyOf(each) === family);
      if (!addresses.length) continue;
      any = true;
      const ports = portsOf(service, pod);
      const key = groupKey(family, ports);
      const group = groups.get(key) ?? { family, ports, endpoints: new Map() };
      groups.set(key, group);
      group.endpoints.set(pod.metadata.uid, endpointOf(snapshot, service, pod, addresses));
    }
    // Without endpoints an empty slice says that there are none.
    if (!any) groups.set(groupKey(family, []), { family, ports: [], endpoints: new Map() });
  }
  return groups;
}

type PortLike = { name?: string; port?: number; protocol?: string; appProtocol?: string };

function groupKey(family: string, ports: readonly PortLike[] | null | undefined): string {
  const texts = (ports ?? []).map((each) =>
    canonical([each.name ?? '', each.port ?? 0, each.protocol ?? 'TCP', each.appProtocol ?? '']),
  );
  return `${family} ${texts.sort().join(' ')}`;
}

function endpointOf(snapshot: Snapshot<'nodes'>, service: Service, pod: Pod, addresses: string[]): V1Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const node = pod.spec?.nodeName;
  const zone = node && snapshot.get('nodes', '', node)?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hostname = hostnameOf(service, pod);
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    ...(node && { nodeName: node }),
    ...(zone && { zone }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** Endpoints stay in the slice that they are in; new ones fill what has room, the fullest first; empty slices go. */
function place(
  snapshot: Snapshot<'discovery.k8s.io/endpointslices'>,
  service: Service,
  group: Group,
  all: readonly Slice[],
): Action<typeof type>[] {
  const key = groupKey(group.family, group.ports);
  const slices = all
    .filter((each) => !each.metadata.deletionTimestamp && groupKey(each.addressType, each.ports) === key)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const waiting = new Map(group.endpoints);
  const contents = new Map<Slice, V1Endpoint[]>();
  for (const slice of slices) {
    const kept: V1Endpoint[] = [];
    for (const each of slice.endpoints ?? []) {
      const uid = each.targetRef?.uid ?? '';
      const wanted = waiting.get(uid);
      if (!wanted) continue;
      kept.push(wanted);
      waiting.delete(uid);
    }
    contents.set(slice, kept);
  }
  for (const [, list] of [...contents].sort(([, a], [, b]) => b.length - a.length)) {
    for (const [uid, endpoint] of waiting) {
      if (list.length >= largest) break;
      list.push(endpoint);
      waiting.delete(uid);
    }
  }
  const actions: Action<typeof type>[] = [];
  let occupied = 0;
  for (const [slice, endpoints] of contents) {
    if (endpoints.length || (!group.endpoints.size && !occupied)) {
      occupied++;
      actions.push(...change(service, slice, endpoints));
    } else actions.push(remove(slice));
  }
  const left = [...waiting.values()];
  for (let slot = 0; left.length || (!group.endpoints.size && !occupied); slot++) {
    const name = `${service.metadata.name.slice(0, 57)}-${suffixOf(`${service.metadata.uid}/${key}/${slot}`)}`;
    if (snapshot.get(type, service.metadata.namespace ?? '', name)) continue;
    occupied++;
    actions.push({ do: 'create', type, object: newSlice(service, group, name, left.splice(0, largest)) });
  }
  return actions;
}

function change(service: Service, slice: Slice, endpoints: V1Endpoint[]): Action<typeof type>[] {
  const labels = labelsOf(service);
  if (sameJson(endpoints, slice.endpoints ?? []) && sameJson(labels, slice.metadata.labels)) return [];
  return [{ do: 'update', type, object: { ...slice, metadata: { ...slice.metadata, labels }, endpoints } }];
}

function newSlice(service: Service, group: Group, name: string, endpoints: V1Endpoint[]) {
  const { namespace } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      generateName: `${service.metadata.name}-`,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerRef('v1', 'Service', service)],
    },
    addressType: group.family,
    endpoints,
    ports: group.ports,
  };
}

/** The Service's own labels, but for those that speak about the Service and not its endpoints. */
function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _, [managedByLabel]: __, [serviceNameLabel]: ___, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: manager,
    ...(isHeadless(service) && { [headlessLabel]: '' }),
  };
}

function remove({ metadata: { namespace = '', name, uid } }: Slice): Action<typeof type> {
  return { do: 'delete', type, namespace, name, options: { preconditions: { uid } } };
}
