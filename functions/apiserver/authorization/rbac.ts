// Role-based access control over the RBAC index.

import type { PolicyRule } from '../../../core/authorization/policy-rule.ts';
import type { UserInfo } from '../../../core/registry/registry.ts';
import type { Attributes, Authorizer, Decision } from './attributes.ts';
import type { RbacIndex } from './rbac-index.ts';

const pass: Decision = { effect: 'pass', reason: '' };

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  const decide = (attributes: Attributes): Decision => {
    for (const { rule, binding } of index.grants(attributes.user, attributes.namespace))
      if (rule.matches(attributes)) return { effect: 'allow', reason: `RBAC: allowed by ${binding}` };
    return pass;
  };
  return {
    async authorize(attributes) {
      const decision = decide(attributes);
      if (decision.effect === 'allow') return decision;
      // A permission that was just granted counts at once; only refusals pay for looking at the log's heads.
      await index.catchUp();
      return decide(attributes);
    },
  };
}

/** All rules that hold for a user in a namespace, with the cluster-wide ones. */
export function rulesFor(index: RbacIndex, user: UserInfo, namespace: string): PolicyRule[] {
  const rules = new Set<PolicyRule>();
  for (const { rule } of index.grants(user, namespace)) rules.add(rule.rule);
  return [...rules];
}
