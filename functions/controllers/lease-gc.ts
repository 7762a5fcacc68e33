// Removes the Leases by which API servers tell that they are there, once one is not renewed any more. Ours need none, as they are functions;
// those that came with a backup of another cluster, or that an API server beside ours makes, end here.
// Source: Kubernetes documentation, "Leases", API server identity; KEP-1965 (an hour after it expired).

import { type Action, controllerUser, defineController, type ObjectOf, watch } from './controller.ts';
import { deleteWithPreconditions } from './preconditions.ts';

const type = 'coordination.k8s.io/leases';
const namespace = 'kube-system';
const identity = 'apiserver.kubernetes.io/identity';
const hour = 3_600_000;

export const leaseGarbageCollector = defineController({
  name: 'apiserver-lease-garbage-collector',
  user: controllerUser('generic-garbage-collector'),
  // A renewal needs no look: the one that is due finds it.
  watches: [
    watch(type, ({ object, previous, type: change }) =>
      !previous && change !== 'DELETED' && isIdentity(object) ? [object.metadata.name] : [],
    ),
  ],
  owns: [type],
  reconcile(snapshot, name, { now }): Action<typeof type>[] {
    const lease = snapshot.get(type, namespace, name);
    if (!lease || !isIdentity(lease) || lease.metadata.deletionTimestamp) return [];
    const end = endOf(lease);
    if (now < end) return [{ do: 'requeue', afterMs: Math.max(end - now, hour) }];
    return [deleteWithPreconditions(type, lease)];
  },
});

function isIdentity({ metadata }: ObjectOf<typeof type>): boolean {
  return metadata.namespace === namespace && metadata.labels?.[identity] === 'kube-apiserver';
}

/** Unix milliseconds. One that was never renewed, or says nothing of its length, has ended. */
function endOf({ spec }: ObjectOf<typeof type>): number {
  const renewed = Date.parse(String(spec?.renewTime ?? ''));
  return Number.isNaN(renewed) ? 0 : renewed + (spec?.leaseDurationSeconds ?? 0) * 1000;
}
