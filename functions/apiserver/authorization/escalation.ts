// Nobody grants more than they hold: writes of roles need their rules or `escalate`, writes of bindings the role's rules or `bind`.
// Source: Kubernetes RBAC, "Privilege escalation prevention and bootstrapping".

import { type Attributes, type Authorizer, mastersGroup } from '../../../core/authorization/authorizer.ts';
import { type PolicyRule, uncovered } from '../../../core/authorization/policy-rule.ts';
import { rulesFor } from '../../../core/authorization/rbac.ts';
import type { RbacIndex } from '../../../core/authorization/rbac-index.ts';
import { deepEqual } from '../../../core/machinery/equality.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { forbidden, hasReason, notFound } from '../../../core/machinery/status.ts';
import type { Registry, RequestContext, Target } from '../../../core/registry/registry.ts';

const group = 'rbac.authorization.k8s.io';

/** Throws Forbidden when writing `object` would give away what the user does not hold. */
export type CheckEscalation = (context: RequestContext, target: Target, object: KubeObject) => Promise<void>;

/** Whether writes to a target are to be checked at all. */
export function mayEscalate({ definition, subresource }: Target, { user }: RequestContext): boolean {
  return definition.group === group && subresource === undefined && !user.groups.includes(mastersGroup);
}

const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export function createEscalationCheck(index: RbacIndex, authorizer: Authorizer, registry: Registry): CheckEscalation {
  const holds = async (context: RequestContext, verb: string, resource: string, namespace: string, name: string) => {
    const attributes: Attributes = {
      user: context.user,
      verb,
      isResource: true,
      group,
      version: 'v1',
      resource,
      subresource: '',
      namespace,
      name,
      path: '',
    };
    return (await authorizer.authorize(attributes)).effect === 'allow';
  };

  /** What is stored now: writing the same again grants nothing new. */
  const current = async (context: RequestContext, target: Target, name: string): Promise<KubeObject | undefined> => {
    try {
      return (await registry.get(context, { ...target, name })).object;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  };

  const refuseMissing = (context: RequestContext, target: Target, name: string, wanted: readonly PolicyRule[]) => {
    const namespace = target.namespace ?? '';
    const missing = uncovered(rulesFor(index, context.user, namespace), wanted);
    if (missing.length === 0) return;
    const { username, groups } = context.user;
    const lines = missing.map((rule) => JSON.stringify(rule)).join('\n');
    throw forbidden(
      { group, resource: target.definition.resource },
      name,
      `user ${JSON.stringify(username)} (groups=${JSON.stringify(groups)}) is attempting to grant RBAC permissions not currently held:\n${lines}`,
    );
  };

  return async (context, target, object) => {
    await index.catchUp();
    const { resource } = target.definition;
    const namespace = target.namespace ?? '';
    const name = object.metadata.name ?? target.name ?? '';
    const stored = name === '' ? undefined : await current(context, target, name);
    if (resource === 'roles' || resource === 'clusterroles') {
      if (
        stored &&
        deepEqual(stored['rules'], object['rules']) &&
        deepEqual(stored['aggregationRule'], object['aggregationRule'])
      )
        return;
      if (await holds(context, 'escalate', resource, namespace, name)) return;
      // A role that aggregates may come to hold anything.
      const wanted = object['aggregationRule'] ? everything : rulesOf(object);
      refuseMissing(context, target, name, wanted);
      return;
    }
    const roleRef = object['roleRef'] as { kind?: string; name?: string } | undefined;
    if (!roleRef?.kind || !roleRef.name) return;
    if (stored && deepEqual(stored['roleRef'], object['roleRef']) && deepEqual(stored['subjects'], object['subjects']))
      return;
    const roleResource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (await holds(context, 'bind', roleResource, namespace, roleRef.name)) return;
    const rules = index.rulesOf({ kind: roleRef.kind, name: roleRef.name }, namespace);
    if (!rules) throw notFound({ group, resource: roleResource }, roleRef.name);
    refuseMissing(context, target, name, rules);
  };
}

/** Malformed rules are the registry's to refuse, with their field; here they grant nothing. */
function rulesOf(object: KubeObject): PolicyRule[] {
  const rules = object['rules'];
  if (!Array.isArray(rules)) return [];
  return rules.filter(
    (rule): rule is PolicyRule => typeof rule === 'object' && rule !== null && Array.isArray(rule.verbs),
  );
}
