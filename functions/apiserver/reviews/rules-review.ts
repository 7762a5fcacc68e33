// What may I? SelfSubjectRulesReview lists the RBAC rules that hold for the asker in a namespace (`kubectl auth can-i --list`).

import { mastersGroup } from '../../../core/authorization/authorizer.ts';
import type { PolicyRule } from '../../../core/authorization/policy-rule.ts';
import { rulesFor } from '../../../core/authorization/rbac.ts';
import { invalid, required } from '../../../core/machinery/field-error.ts';
import type { Review } from './review.ts';

const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export const selfSubjectRulesReview: Review = async ({ rbac }, { context }, object) => {
  const namespace = (object['spec'] as { namespace?: string } | undefined)?.namespace;
  if (!namespace)
    throw invalid('SelfSubjectRulesReview', 'authorization.k8s.io', '', [
      required('spec.namespace', 'no namespace on request'),
    ]);
  await rbac.catchUp();
  const rules = rulesFor(rbac, context.user, namespace);
  if (context.user.groups.includes(mastersGroup)) rules.push(...everything);
  return {
    ...object,
    status: {
      resourceRules: rules
        .filter((rule) => rule.resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups: apiGroups ?? [],
          resources,
          ...(resourceNames?.length && { resourceNames }),
        })),
      nonResourceRules: rules
        .filter((rule) => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      // The node authorizer's answers depend on objects, so no list of rules can say them.
      incomplete: context.user.groups.includes('system:nodes'),
    },
  };
};
