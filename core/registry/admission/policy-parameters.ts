// Who writes an admission policy that reads parameters, or a binding that names some, may read them: its messages and annotations say what stands
// in them. Source: kube-apiserver's authorization of paramKind and paramRef, of validating and mutating policies alike.

import type { V1ParamKind, V1ParamRef } from '../../../generated/kubernetes.ts';
import { type Attributes as Access, mastersGroup } from '../../authorization/authorizer.ts';
import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { forbiddenField, invalid } from '../../machinery/field-error.ts';
import { type AdmissionPlugin, type Attributes, isOfType } from './plugin.ts';

const validating = 'admissionregistration.k8s.io/validatingadmissionpolicies';
const mutating = 'admissionregistration.k8s.io/mutatingadmissionpolicies';
const validatingBindings = 'admissionregistration.k8s.io/validatingadmissionpolicybindings';
const mutatingBindings = 'admissionregistration.k8s.io/mutatingadmissionpolicybindings';

export const policyParameters: AdmissionPlugin = {
  name: 'PolicyParameters',
  operations: ['CREATE', 'UPDATE'],
  types: [validating, mutating, validatingBindings, mutatingBindings],
  async validate(attributes, env) {
    const { context, subresource } = attributes;
    if (subresource !== '' || context.user.groups.includes(mastersGroup)) return;
    if (isOfType(attributes, validating) || isOfType(attributes, mutating)) {
      const { object, old } = attributes;
      const kind = object?.spec?.paramKind;
      if (kind && !deepEqual(kind, old?.spec?.paramKind)) await checkPolicy(attributes, env, kind);
    } else if (isOfType(attributes, validatingBindings) || isOfType(attributes, mutatingBindings)) {
      const { object, old } = attributes;
      const { paramRef, policyName = '' } = object?.spec ?? {};
      const same = policyName === old?.spec?.policyName && deepEqual(paramRef, old?.spec?.paramRef);
      if (!paramRef || same) return;
      const type = isOfType(attributes, validatingBindings) ? validating : mutating;
      const policy = await env.lookUp(type, policyName);
      await checkBinding(attributes, env, policy?.spec?.paramKind, paramRef);
    }
  },
};

async function checkPolicy(attributes: Attributes, env: Environment, kind: V1ParamKind): Promise<void> {
  if (await may(attributes, env, { ...resourceOf(env, kind), verb: 'get', namespace: '*', name: '*' })) return;
  const what = `(kind=${kind.kind}, apiVersion=${kind.apiVersion})`;
  const why = `user ${attributes.context.user.username} must have "get" permission on all objects of the referenced paramKind ${what}`;
  throw refused(attributes, 'spec.paramKind', why);
}

/** `kind`: undefined where the policy is not there, or reads none: then whatever it may come to read counts. */
async function checkBinding(
  attributes: Attributes,
  env: Environment,
  kind: V1ParamKind | undefined,
  { name, namespace }: V1ParamRef,
): Promise<void> {
  const verb = name ? 'get' : 'list';
  const target = { ...resourceOf(env, kind), verb, namespace: namespace || '*', name: name || '*' };
  if (await may(attributes, env, target)) return;
  const why = `user ${attributes.context.user.username} does not have "${verb}" permission on the object referenced by paramRef`;
  throw refused(attributes, 'spec.paramRef', why);
}

type Resource = Pick<Access, 'group' | 'version' | 'resource'>;

/** What is not known is everything. */
function resourceOf({ definitions }: Environment, kind: V1ParamKind | undefined): Resource {
  const parts = kind?.apiVersion?.split('/') ?? [];
  const [group, version] = parts.length === 1 ? ['', parts[0]] : parts;
  if (group === undefined || !version || parts.length > 2) return { group: '*', version: '*', resource: '*' };
  return { group, version, resource: definitions.findKind(group, version, kind?.kind ?? '')?.resource ?? '*' };
}

async function may(
  { context }: Attributes,
  env: Environment,
  target: Resource & Pick<Access, 'verb' | 'namespace' | 'name'>,
): Promise<boolean> {
  const authorizer = context.authorizer ?? (await env.rbac()).authorizer;
  const access: Access = { ...target, user: context.user, isResource: true, subresource: '', path: '' };
  return (await authorizer.authorize(access)).effect === 'allow';
}

function refused({ definition: { kind, group }, name }: Attributes, field: string, why: string) {
  return invalid(kind, group, name, [forbiddenField(field, why)]);
}
