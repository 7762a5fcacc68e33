// What Kubernetes' role of a controller allows it to write (D30).

import { getOwn } from '../../../core/machinery/own.ts';
import { controllerRoles } from '../../../core/registry/bootstrap/controller-roles.ts';
import { namespacedRoles } from '../../../core/registry/bootstrap/namespaced-roles.ts';
import { systemRoles } from '../../../core/registry/bootstrap/system-roles.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { V1PolicyRule } from '../../../generated/kubernetes.ts';
import type { AnyAction, Controller } from '../controller.ts';

/** The API server's own, who may do anything. */
export const unbounded = 'system:apiserver';

/** The rules of a user of the control plane; empty where there is no such role. */
export function rulesOf(user: string): readonly V1PolicyRule[] {
  const role = systemRoles.find(({ name }) => name === user);
  if (role) return role.rules;
  const name = user.slice('system:serviceaccount:kube-system:'.length);
  const inNamespaces = namespacedRoles.filter(({ subjects }) =>
    subjects.some((each) => each.kind === 'ServiceAccount' && each.name === name),
  );
  return [...(getOwn(controllerRoles, name) ?? []), ...inNamespaces.flatMap(({ rules }) => rules)];
}

/** Whether a rule allows one of the verbs. Without `subresource`: of the object itself. */
export function allows(
  rules: readonly V1PolicyRule[],
  verbs: readonly string[],
  type: TypeName,
  subresource?: string,
): boolean {
  const at = type.indexOf('/');
  const [group, resource] = [type.slice(0, Math.max(0, at)), type.slice(at + 1)];
  const isMeant = (each: string) =>
    each === '*' ||
    each === (subresource ? `${resource}/${subresource}` : resource) ||
    (subresource !== undefined && each === `*/${subresource}`);
  return rules.some(
    ({ apiGroups = [], resources = [], verbs: granted }) =>
      (apiGroups.includes(group) || apiGroups.includes('*')) &&
      resources.some(isMeant) &&
      verbs.some((verb) => granted.includes(verb)),
  );
}

/** A patch that requires what was seen is an update in fewer bytes. */
const changes = ['update', 'patch'];

/** The verbs of which a role needs one. */
export const verbsFor = (verb: string): readonly string[] => (changes.includes(verb) ? changes : [verb.toLowerCase()]);

/** Throws for a write that the role in Kubernetes of the controller's user does not allow. */
export function demandAllowed({ name, user }: Pick<Controller, 'name' | 'user'>, action: AnyAction): void {
  if (user === unbounded || !('type' in action) || action.do === 'expectAbsent') return;
  const subresource = 'subresource' in action ? action.subresource : undefined;
  if (allows(rulesOf(user), verbsFor(action.do), action.type, subresource)) return;
  const what = subresource ? `${action.type}/${subresource}` : action.type;
  throw new Error(`the controller ${name} wants to ${action.do} ${what}, which the role of ${user} does not allow`);
}
