// Role-based access control over the RBAC index.

import type { Replicas } from '../replica/replica.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import { chain } from './chain.ts';
import type { PolicyRule } from './policy-rule.ts';
import { createRbacIndex, type RbacIndex } from './rbac-index.ts';
import type { UserInfo } from './user-info.ts';

const pass: Decision = { effect: 'pass', reason: '' };

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  const decide = (attributes: Attributes): Decision => {
    for (const { rule, binding } of index.grants(attributes.user, attributes.namespace))
      if (rule.matches(attributes)) return { effect: 'allow', reason: `RBAC: allowed by ${binding}` };
    return pass;
  };
  return {
    authorize(attributes) {
      const decision = decide(attributes);
      if (decision.effect === 'allow') return decision;
      // A permission that was just granted counts at once; only refusals pay for looking at the log's heads.
      return index.catchUp().then(() => decide(attributes));
    },
  };
}

export interface Rbac {
  readonly index: RbacIndex;
  /** Masters, open paths, and RBAC. */
  readonly authorizer: Authorizer;
}

export async function openRbac(replicas: Replicas): Promise<Rbac> {
  const index = await createRbacIndex(replicas);
  return { index, authorizer: chain([rbacAuthorizer(index)]) };
}

/** All rules that hold for a user in a namespace, with the cluster-wide ones. */
export function rulesFor(index: RbacIndex, user: UserInfo, namespace: string): PolicyRule[] {
  const rules = new Set<PolicyRule>();
  for (const { rule } of index.grants(user, namespace)) rules.add(rule.rule);
  return [...rules];
}
