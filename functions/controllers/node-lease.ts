// Each node has a Lease in kube-node-lease, as a kubelet would make it: `kubectl describe node` shows it. Its renewTime is the newest
// beat, which the API server shows whoever reads it; nothing renews it here. It goes with its node, which owns it.

import { type Action, controllerUser, defineController, type Snapshot, watch } from './controller.ts';

const type = 'coordination.k8s.io/leases';
const namespace = 'kube-node-lease';
/** As a kubelet's. */
const leaseDurationSeconds = 40;

export const nodeLeaseController = defineController({
  name: 'node-lease',
  user: controllerUser('node-controller'),
  watches: [
    watch('nodes', ({ object, previous, type: change }) =>
      previous || change === 'DELETED' ? [] : [object.metadata.name],
    ),
    watch('namespaces', ({ object, previous }, snapshot: Snapshot<'nodes'>) =>
      !previous && object.metadata.name === namespace
        ? snapshot.list('nodes').map(({ metadata }) => metadata.name)
        : [],
    ),
    // Who removes one gets another.
    watch(type, ({ object, type: change }) =>
      change === 'DELETED' && object.metadata.namespace === namespace ? [object.metadata.name] : [],
    ),
  ],
  owns: [type],
  reconcile(snapshot, name, { now }): Action<typeof type>[] {
    const node = snapshot.get('nodes', '', name);
    if (!node || node.metadata.deletionTimestamp || snapshot.get(type, namespace, name)) return [];
    if (!snapshot.get('namespaces', '', namespace)) return [];
    const renewTime = new Date(now).toISOString().replace('Z', '000Z');
    const object = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name,
        namespace,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }],
      },
      spec: { holderIdentity: name, leaseDurationSeconds, renewTime },
    };
    return [{ do: 'create', type, object, existsIsFine: true }];
  },
});
