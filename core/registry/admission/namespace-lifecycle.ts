// NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away, and the built-in namespaces stay.

import type { Environment } from '../../kinds/environment.ts';
import { forbidden, notFound, StatusError } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces' };

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  // Before anything is made or asked for a write that has no place.
  mutate(attributes, env) {
    const { operation, definition, name } = attributes;
    if (operation === 'DELETE' && definition.type === 'namespaces' && immortal.has(name)) {
      throw forbidden(namespaces, name, 'this namespace may not be deleted');
    }
    if (operation === 'DELETE' || !definition.namespaced) return;
    // A review asks a question and stores nothing.
    if (definition.group === 'authorization.k8s.io') return;
    if (operation === 'CREATE') return checkNamespace(attributes, env);
  },
};

async function checkNamespace({ namespace, definition, name }: Attributes, env: Environment): Promise<void> {
  const found = await env.lookUp('namespaces', namespace);
  if (!found) throw notFound(namespaces, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const subject = subjectOf(definition);
  const refused = forbidden(
    subject,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw new StatusError('Forbidden', refused.message, {
    ...refused.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
