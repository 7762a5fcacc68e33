// Every served version of a custom resource has an APIService that says it is answered here, unless somebody made another one.
// Keys are the names of APIServices: VERSION.GROUP.

import { customPriority } from '../../core/api/group-priorities.ts';
import { type Action, defineController, type ObjectOf, watch } from './controller.ts';

const type = 'apiregistration.k8s.io/apiservices';
const crds = 'apiextensions.k8s.io/customresourcedefinitions';
const automanaged = 'kube-aggregator.kubernetes.io/automanaged';

export const apiServiceRegistrationController = defineController({
  name: 'apiservice-registration',
  // As in Kubernetes, where the API server itself does it.
  user: 'system:apiserver',
  watches: [
    watch(crds, ({ object, previous }) => [...namesOf(object), ...(previous ? namesOf(previous) : [])]),
    watch(type, ({ object }) => [object.metadata.name]),
  ],
  owns: [type],
  reconcile(snapshot, name): Action<typeof type>[] {
    const before = snapshot.get(type, '', name);
    const managed = before?.metadata.labels?.[automanaged] === 'true';
    const served = snapshot.list(crds).some((each) => namesOf(each).includes(name));
    if (!served) return managed ? [remove(before)] : [];
    const at = name.indexOf('.');
    const spec = {
      group: name.slice(at + 1),
      version: name.slice(0, at),
      groupPriorityMinimum: customPriority.group,
      versionPriority: customPriority.version,
    };
    if (!before) {
      const metadata = { name, labels: { [automanaged]: 'true' } };
      const object = { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata, spec };
      return [{ do: 'create', type, object, existsIsFine: true }];
    }
    return managed && before.spec?.service ? [{ do: 'update', type, object: { ...before, spec } }] : [];
  },
});

function namesOf({ spec, status }: ObjectOf<typeof crds>): string[] {
  const established = status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True');
  return established ? spec.versions.filter((each) => each.served).map((each) => `${each.name}.${spec.group}`) : [];
}

function remove({ metadata: { name, uid } }: ObjectOf<typeof type>): Action<typeof type> {
  return { do: 'delete', type, namespace: '', name, options: { preconditions: { uid } } };
}
