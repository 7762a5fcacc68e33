// The mirroring controller: Endpoints that somebody wrote for a Service without a selector, as EndpointSlices (KEP-752).

import type { V1EndpointSubset } from '../../generated/kubernetes.ts';
import { suffixOf } from './child-name.ts';
import { controllerRef } from './claim-children.ts';
import { sameJson } from './condition.ts';
import { type Action, controllerUser, defineController, keyOf, splitKey, watch, watchSelf } from './controller.ts';
import { familyOf, hasSelector, managedByLabel, serviceNameLabel } from './served-endpoint.ts';

const type = 'discovery.k8s.io/endpointslices';
const manager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const largest = 1000;

export const endpointMirroringController = defineController({
  name: 'endpointslicemirroring',
  user: controllerUser('endpointslicemirroring-controller'),
  watches: [
    watchSelf('endpoints'),
    watchSelf('services'),
    watch(type, ({ object }) => {
      const { namespace = '', labels } = object.metadata;
      return labels?.[managedByLabel] === manager ? [`${namespace}/${labels[serviceNameLabel]}`] : [];
    }),
  ],
  owns: [type],
  reconcile(snapshot, key): Action<typeof type>[] {
    const { namespace, name } = splitKey(key);
    const service = snapshot.get('services', namespace, name);
    const endpoints = snapshot.get('endpoints', namespace, name);
    const matchLabels = { [serviceNameLabel]: name, [managedByLabel]: manager };
    const slices = new Map(snapshot.list(type, namespace, { matchLabels }).map((each) => [each.metadata.name, each]));
    const mirrored =
      service &&
      endpoints &&
      !hasSelector(service) &&
      service.spec?.type !== 'ExternalName' &&
      endpoints.metadata.labels?.[skipLabel] !== 'true' &&
      !endpoints.metadata.annotations?.[leaderAnnotation];
    const actions: Action<typeof type>[] = [];
    for (const [index, subset] of (mirrored ? (endpoints.subsets ?? []) : []).entries()) {
      for (const family of ['IPv4', 'IPv6'] as const) {
        const found = endpointsOf(subset, family);
        if (!found.length) continue;
        const sliceName = `${name.slice(0, 57)}-${suffixOf(`${endpoints?.metadata.uid}/${family}/${index}`)}`;
        const before = slices.get(sliceName);
        slices.delete(sliceName);
        const ports = (subset.ports ?? []).map((each) => ({
          ...each,
          name: each.name ?? '',
          protocol: each.protocol ?? 'TCP',
        }));
        const labels = { ...endpoints?.metadata.labels, ...matchLabels };
        if (!before && endpoints) {
          const metadata = {
            name: sliceName,
            namespace,
            labels,
            ownerReferences: [controllerRef('v1', 'Endpoints', endpoints)],
          };
          const object = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: family };
          actions.push({ do: 'create', type, object: { ...object, endpoints: found, ports } });
        } else if (before && !(sameJson(before.endpoints, found) && sameJson(before.ports ?? [], ports))) {
          actions.push({ do: 'update', type, object: { ...before, endpoints: found, ports } });
        }
      }
    }
    for (const each of slices.values()) {
      const { uid } = each.metadata;
      const { name: sliceName } = splitKey(keyOf(each));
      actions.push({ do: 'delete', type, namespace, name: sliceName, options: { preconditions: { uid } } });
    }
    return actions;
  },
});

function endpointsOf(subset: V1EndpointSubset, family: 'IPv4' | 'IPv6') {
  const of = (addresses: V1EndpointSubset['addresses'], ready: boolean) =>
    (addresses ?? [])
      .filter((each) => familyOf(each.ip) === family)
      .map(({ ip, hostname, nodeName, targetRef }) => ({
        addresses: [ip],
        conditions: { ready },
        ...(hostname && { hostname }),
        ...(nodeName && { nodeName }),
        ...(targetRef && { targetRef }),
      }));
  return [...of(subset.addresses, true), ...of(subset.notReadyAddresses, false)].slice(0, largest);
}
