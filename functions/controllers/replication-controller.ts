// The ReplicationController controller: a ReplicaSet with an older API.

import { watchOrphans } from './claim-children.ts';
import { controllerUser, defineController, splitKey, watchChildren, watchSelf } from './controller.ts';
import { reconcileReplicas } from './replicas.ts';

const type = 'replicationcontrollers';

export const replicationController = defineController({
  name: 'replication',
  user: controllerUser('replication-controller'),
  watches: [
    watchSelf(type),
    watchChildren('pods', '', 'ReplicationController'),
    watchOrphans('pods', type, (each) => ({ matchLabels: each.spec?.selector ?? {} })),
  ],
  claims: 'replicationcontrollers',
  owns: ['pods', type],
  reconcile(snapshot, key, context) {
    const { namespace, name } = splitKey(key);
    const object = snapshot.get(type, namespace, name);
    if (!object) return [];
    const spec = object.spec;
    return reconcileReplicas(
      snapshot,
      {
        type,
        apiVersion: 'v1',
        kind: 'ReplicationController',
        object,
        replicas: spec?.replicas ?? 1,
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: { matchLabels: spec?.selector ?? {} },
        template: spec?.template,
      },
      context,
    );
  },
});
