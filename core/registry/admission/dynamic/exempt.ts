// What webhooks and policies never see, whatever they ask for.

import type { Attributes } from '../plugin.ts';

/** Nobody may lock himself out of the objects that say what is admitted. */
const exempt = new Set(
  [
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ].map((each) => `admissionregistration.k8s.io/${each}`),
);

/** What webhooks never see. */
export function isExempt({ definition }: Attributes): boolean {
  return exempt.has(definition.type);
}

/** A policy that refuses all of them would end the cluster. Source: kube-apiserver's exclusions from expression-based admission. */
const exemptFromPolicies = new Set([
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

/** What policies never see. */
export function isExemptFromPolicies(attributes: Attributes): boolean {
  return isExempt(attributes) || exemptFromPolicies.has(attributes.definition.type);
}
