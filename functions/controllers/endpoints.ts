// The Endpoints controller: the older form of a Service's endpoints, one object named like the Service.

import { isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { canonical } from './child-name.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  keyOf,
  type Snapshot,
  splitKey,
  watch,
  watchSelf,
} from './controller.ts';
import type { Pod } from './pod-state.ts';
import {
  addressesOf,
  familiesOf,
  familyOf,
  hasSelector,
  headlessLabel,
  hostnameOf,
  isHeadless,
  type Port,
  podsBehind,
  portsOf,
  type Service,
  servicesOf,
} from './served-endpoint.ts';

const type = 'endpoints';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const overCapacity = 'endpoints.kubernetes.io/over-capacity';
/** More than this is not written: an Endpoints object is one object (KEP-2438). */
const most = 1000;

interface Address {
  ip: string;
  hostname?: string;
  nodeName?: string;
  targetRef: object;
}

interface Subset {
  addresses: Address[];
  notReadyAddresses: Address[];
  ports: readonly Port[];
}

export const endpointsController = defineController({
  name: 'endpoint',
  user: controllerUser('endpoint-controller'),
  watches: [
    watchSelf('services'),
    watch('pods', ({ object, previous }, snapshot: Snapshot<'services'>) =>
      servicesOf(snapshot, previous ? [object, previous] : [object]),
    ),
    watch(type, ({ object }) => [keyOf(object)]),
  ],
  owns: [type],
  reconcile(snapshot, key): Action<typeof type>[] {
    const { namespace, name } = splitKey(key);
    const service = snapshot.get('services', namespace, name);
    const endpoints = snapshot.get(type, namespace, name);
    if (!service) {
      const ours = endpoints?.metadata.labels?.[managedByLabel] === 'endpoint-controller';
      if (!endpoints || !ours) return [];
      return [{ do: 'delete', type, namespace, name, options: { preconditions: { uid: endpoints.metadata.uid } } }];
    }
    if (!hasSelector(service) || service.metadata.deletionTimestamp) return [];
    const { subsets, cut } = subsetsOf(service, podsBehind(snapshot, service));
    const { [headlessLabel]: _, ...own } = service.metadata.labels ?? {};
    const labels = {
      ...own,
      [managedByLabel]: 'endpoint-controller',
      ...(isHeadless(service) && { [headlessLabel]: '' }),
    };
    const { [overCapacity]: __, ...others } = endpoints?.metadata.annotations ?? {};
    const annotations = { ...others, ...(cut && { [overCapacity]: 'truncated' }) };
    if (!endpoints) {
      const metadata = { name, namespace, labels, ...(cut && { annotations }) };
      return [{ do: 'create', type, object: { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets } }];
    }
    const same =
      sameJson(endpoints.subsets ?? [], subsets) &&
      sameJson(endpoints.metadata.labels ?? {}, labels) &&
      sameJson(endpoints.metadata.annotations ?? {}, annotations);
    if (same) return [];
    return [
      {
        do: 'update',
        type,
        object: { ...endpoints, metadata: { ...endpoints.metadata, labels, annotations }, subsets },
      },
    ];
  },
});

function subsetsOf(service: Service, pods: readonly Pod[]): { subsets: object[]; cut: boolean } {
  const [family] = familiesOf(service);
  const groups = new Map<string, Subset>();
  let count = 0;
  for (const pod of [...pods].sort((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1))) {
    const ip = addressesOf(pod).find((each) => familyOf(each) === family);
    if (!ip || pod.metadata.deletionTimestamp || count++ >= most) continue;
    const ports = portsOf(service, pod);
    const key = canonical(ports);
    const subset = groups.get(key) ?? { addresses: [], notReadyAddresses: [], ports };
    groups.set(key, subset);
    const hostname = hostnameOf(service, pod);
    const { namespace, name, uid } = pod.metadata;
    const address: Address = {
      ip,
      ...(hostname && { hostname }),
      ...(pod.spec?.nodeName && { nodeName: pod.spec.nodeName }),
      targetRef: { kind: 'Pod', namespace, name, uid },
    };
    const ready = isReady(pod) || service.spec?.publishNotReadyAddresses === true;
    (ready ? subset.addresses : subset.notReadyAddresses).push(address);
  }
  const subsets = [...groups.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length && { addresses: sorted(addresses) }),
    ...(notReadyAddresses.length && { notReadyAddresses: sorted(notReadyAddresses) }),
    ...(ports.length && { ports: ports.map(({ name, ...rest }) => ({ ...(name && { name }), ...rest })) }),
  }));
  return { subsets, cut: count > most };
}

function sorted(addresses: Address[]): Address[] {
  return addresses.sort((a, b) => (a.ip < b.ip ? -1 : 1));
}
