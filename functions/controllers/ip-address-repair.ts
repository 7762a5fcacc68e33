// Holds cluster IPs and their IPAddress objects together (KEP-1880). Both are written in one commit, so that they part only by
// somebody's hand: an address that was deleted while its Service has it is made again, one whose Service is gone is deleted.

import { canonicalAddress, familyOf } from '../../core/machinery/cidr.ts';
import type { V1IPAddress, V1Service } from '../../generated/kubernetes.ts';
import { type Action, defineController, type ObjectOf, regarding, splitKey, watch } from './controller.ts';
import { deleteWithPreconditions } from './preconditions.ts';

const addresses = 'networking.k8s.io/ipaddresses';
const managedBy = 'ipaddress.kubernetes.io/managed-by';
const allocator = 'ipallocator.k8s.io';

/** What was just written may be in one view and not yet in the other. */
const settleMs = 60_000;

export const ipAddressRepairController = defineController({
  name: 'ip-address-repair',
  // In Kubernetes the API server does it itself.
  user: 'system:apiserver',
  watches: [
    watch(addresses, ({ type, object }) => {
      const parent = parentOf(object);
      return type === 'DELETED' ? (parent ? [`service ${parent}`] : []) : [`address ${object.metadata.name}`];
    }),
    watch('services', ({ type, object }) => {
      const { namespace, name } = object.metadata;
      return type === 'DELETED'
        ? addressesOf(object).map((each) => `address ${each}`)
        : [`service ${namespace}/${name}`];
    }),
  ],
  owns: [addresses],
  reconcile(snapshot, key, { now }): Action<typeof addresses>[] {
    const at = key.indexOf(' ');
    const rest = key.slice(at + 1);
    if (key.slice(0, at) === 'service') {
      const { namespace, name } = splitKey(rest);
      const service = snapshot.get('services', namespace, name);
      if (!service) return [];
      return addressesOf(service)
        .filter((address) => !snapshot.get(addresses, '', address))
        .flatMap((address) => make(service, address));
    }
    const address = snapshot.get(addresses, '', rest);
    // What others keep addresses for is theirs.
    if (!address || address.metadata.labels?.[managedBy] !== allocator) return [];
    const parent = parentOf(address);
    const { namespace, name } = splitKey(parent ?? '');
    const service = parent === undefined ? undefined : snapshot.get('services', namespace, name);
    if (service && addressesOf(service).includes(rest)) return [];
    const age = now - Date.parse(String(address.metadata.creationTimestamp));
    if (age < settleMs) return [{ do: 'requeue', afterMs: settleMs - age }];
    return [
      {
        do: 'event',
        regarding: regarding('networking.k8s.io/v1', 'IPAddress', address),
        event: {
          type: 'Warning',
          reason: 'IPAddressNotAllocated',
          message: `IPAddress ${rest} for Service ${parent ?? ''} has no Service that uses it; cleaning up`,
        },
      },
      deleteWithPreconditions(addresses, address),
    ];
  },
});

function make(service: ObjectOf<'services'>, address: string): Action<typeof addresses>[] {
  const { namespace = '', name } = service.metadata;
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: {
      name: address,
      labels: { 'ipaddress.kubernetes.io/ip-family': familyOf(address) ?? 'IPv4', [managedBy]: allocator },
    },
    spec: { parentRef: { group: '', resource: 'services', namespace, name } },
  };
  return [{ do: 'create', type: addresses, object, existsIsFine: true }];
}

/** `namespace/name` of the Service that an address is for. */
function parentOf({ spec }: V1IPAddress): string | undefined {
  const { group, resource, namespace, name } = spec?.parentRef ?? {};
  return (group ?? '') === '' && resource === 'services' ? `${namespace ?? ''}/${name ?? ''}` : undefined;
}

function addressesOf({ spec }: V1Service): string[] {
  if (spec?.type === 'ExternalName') return [];
  return (spec?.clusterIPs ?? []).filter((each) => familyOf(each) !== undefined).map(canonicalAddress);
}
