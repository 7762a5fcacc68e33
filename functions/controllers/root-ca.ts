// Every namespace has a ConfigMap `kube-root-ca.crt` with the certificate that pods check the API server by (KEP-1205).

import { type Action, type Controller, controllerUser, defineController, watch } from './controller.ts';

const type = 'configmaps';
const configMap = 'kube-root-ca.crt';

/** `caBundle`: PEM. */
export function createRootCaController(caBundle: string): Controller {
  const data = { 'ca.crt': caBundle };
  return defineController({
    name: 'root-ca-certificate-publisher',
    user: controllerUser('root-ca-cert-publisher'),
    watches: [
      watch('namespaces', ({ object }) => [object.metadata.name]),
      watch(type, ({ object }) => (object.metadata.name === configMap ? [object.metadata.namespace ?? ''] : [])),
    ],
    owns: [type],
    reconcile(snapshot, name): Action<typeof type>[] {
      const namespace = snapshot.get('namespaces', '', name);
      if (!namespace || namespace.metadata.deletionTimestamp) return [];
      const before = snapshot.get(type, name, configMap);
      if (!before) {
        const annotations = {
          'kubernetes.io/description':
            'Certificates by which pods of this cluster check its API server. Not for other servers.',
        };
        const metadata = { name: configMap, namespace: name, annotations };
        return [
          { do: 'create', type, object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, existsIsFine: true },
        ];
      }
      if (before.data?.['ca.crt'] === caBundle && Object.keys(before.data).length === 1) return [];
      return [{ do: 'update', type, object: { ...before, data } }];
    },
  });
}
