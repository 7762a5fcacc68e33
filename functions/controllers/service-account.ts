// Every namespace has a ServiceAccount named `default`.

import { type Action, controllerUser, defineController, watch } from './controller.ts';

const type = 'serviceaccounts';

export const serviceAccountController = defineController({
  name: 'serviceaccount',
  user: controllerUser('service-account-controller'),
  watches: [
    watch('namespaces', ({ object }) => [object.metadata.name]),
    watch(type, ({ type: event, object }) =>
      event === 'DELETED' && object.metadata.name === 'default' ? [object.metadata.namespace ?? ''] : [],
    ),
  ],
  owns: [type],
  reconcile(snapshot, name): Action<typeof type>[] {
    const namespace = snapshot.get('namespaces', '', name);
    if (!namespace || namespace.metadata.deletionTimestamp || snapshot.get(type, name, 'default')) return [];
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
    return [{ do: 'create', type, object, existsIsFine: true }];
  },
});
