// Nobody grants more than they hold: a role needs its rules or `escalate`, a binding the rules of its role or `bind`.
// Source: Kubernetes RBAC, "Privilege escalation prevention and bootstrapping".

import { type Attributes as Access, mastersGroup } from '../../authorization/authorizer.ts';
import { type PolicyRule, uncovered } from '../../authorization/policy-rule.ts';
import { rulesFor } from '../../authorization/rbac.ts';
import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { forbidden, notFound } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';

const group = 'rbac.authorization.k8s.io';

export const rbacEscalation: AdmissionPlugin = {
  name: 'RBACEscalation',
  operations: ['CREATE', 'UPDATE'],
  types: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map((each) => `${group}/${each}`),
  async validate(attributes, env) {
    const { context, object, old, definition } = attributes;
    if (!object || context.user.groups.includes(mastersGroup)) return;
    // The garbage collector takes finalizers and owners away of roles that it does not hold.
    if (old && deepEqual(withoutBookkeeping(object), withoutBookkeeping(old))) return;
    await (isRole(definition.resource) ? checkRole : checkBinding)(attributes, object, env);
  },
};

const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

async function checkRole(attributes: Attributes, object: KubeObject, env: Environment): Promise<void> {
  const { definition, namespace, old } = attributes;
  // A role that is created has no name yet that a permission could be limited to.
  if (await may(attributes, env, 'escalate', definition.resource, namespace, old?.metadata.name ?? '')) return;
  await checkHeld(attributes, env, rulesOf(object));
  // A role that gathers others, or that did until now, may come to hold anything.
  if (object['aggregationRule'] || old?.['aggregationRule']) await checkHeld(attributes, env, everything);
}

async function checkBinding(attributes: Attributes, object: KubeObject, env: Environment): Promise<void> {
  const { namespace } = attributes;
  const { kind, name } = object['roleRef'] as { kind: string; name: string }; // validated before
  const resource = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await may(attributes, env, 'bind', resource, namespace, name)) return;
  const { index } = await env.rbac();
  await index.catchUp();
  const rules = index.rulesOf({ kind, name }, namespace);
  if (!rules) throw notFound({ group, resource }, name);
  await checkHeld(attributes, env, rules);
}

async function may(
  { context }: Attributes,
  env: Environment,
  verb: string,
  resource: string,
  namespace: string,
  name: string,
): Promise<boolean> {
  const access: Access = {
    user: context.user,
    verb,
    isResource: true,
    group,
    version: '*',
    resource,
    subresource: '',
    namespace,
    name,
    path: '',
  };
  const authorizer = context.authorizer ?? (await env.rbac()).authorizer;
  return (await authorizer.authorize(access)).effect === 'allow';
}

async function checkHeld(
  { context, definition, namespace, name }: Attributes,
  env: Environment,
  wanted: readonly PolicyRule[],
): Promise<void> {
  const { index } = await env.rbac();
  await index.catchUp();
  const missing = uncovered(rulesFor(index, context.user, namespace), wanted);
  if (missing.length === 0) return;
  const { username, groups } = context.user;
  const lines = missing.map((rule) => JSON.stringify(rule)).join('\n');
  throw forbidden(
    subjectOf(definition),
    name,
    `user ${JSON.stringify(username)} (groups=${JSON.stringify(groups)}) is attempting to grant RBAC permissions not currently held:\n${lines}`,
  );
}

function isRole(resource: string): boolean {
  return resource === 'roles' || resource === 'clusterroles';
}

function rulesOf(object: KubeObject): readonly PolicyRule[] {
  return (object['rules'] as readonly PolicyRule[] | null | undefined) ?? []; // validated before
}

function withoutBookkeeping(object: KubeObject): KubeObject {
  const { ownerReferences, finalizers, managedFields, resourceVersion, generation, ...metadata } = object.metadata;
  return { ...object, metadata };
}
