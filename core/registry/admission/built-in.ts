// The built-in admission plugins, in the order in which they run. Quotas come last: what they count is then settled.

import { certificateApproval, certificateSigning } from './certificate-permissions.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { mutatingPolicies } from './dynamic/mutating-policies.ts';
import { validatingPolicies } from './dynamic/validating-policies.ts';
import { mutatingWebhooks, validatingWebhooks } from './dynamic/webhooks.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { podSecurity } from './pod-security.ts';
import { policyParameters } from './policy-parameters.ts';
import { priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import {
  defaultStorageClass,
  defaultTolerationSeconds,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
  taintNodesByCondition,
} from './small-defaults.ts';

export const builtInPlugins: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  defaultStorageClass,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  rbacEscalation,
  policyParameters,
];

/** What objects of the cluster configure. */
export const dynamicPlugins: readonly AdmissionPlugin[] = [
  mutatingPolicies,
  mutatingWebhooks,
  validatingPolicies,
  validatingWebhooks,
];

/** After webhooks and policies. */
export const lastPlugins: readonly AdmissionPlugin[] = [resourceQuota];
