// The ReplicaSet controller: as many pods of the template as `spec.replicas` says.

import { watchOrphans } from './claim-children.ts';
import { controllerUser, defineController, splitKey, watchChildren, watchSelf } from './controller.ts';
import { reconcileReplicas } from './replicas.ts';

const type = 'apps/replicasets';

export const replicaSetController = defineController({
  name: 'replicaset',
  user: controllerUser('replicaset-controller'),
  watches: [
    watchSelf(type),
    watchChildren('pods', 'apps', 'ReplicaSet'),
    watchOrphans('pods', type, (each) => each.spec?.selector),
  ],
  claims: 'apps/replicasets',
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
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        object,
        replicas: spec?.replicas ?? 1,
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: spec?.selector,
        template: spec?.template,
      },
      context,
    );
  },
});
