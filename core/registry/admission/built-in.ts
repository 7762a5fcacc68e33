// The built-in admission plugins, in the order in which they run. Quotas come last: what they count is then settled. What looks at few
// types is loaded before the first write of one of them (chain.ts), and named here in the order in which it runs.

import { dynamicPlugins } from './dynamic/plugins.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import type { AdmissionRow } from './plugin.ts';
import { resourceQuota } from './resource-quota.ts';
import {
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
  taintNodesByCondition,
} from './small-defaults.ts';
import { templated } from './templated.ts';

const certificates = 'certificates.k8s.io/certificatesigningrequests';
const roles = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'];
const policies = [
  'validatingadmissionpolicies',
  'mutatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicybindings',
];

export const builtInPlugins: readonly AdmissionRow[] = [
  namespaceLifecycle,
  {
    types: ['pods', 'persistentvolumeclaims'],
    load: async () => (await import('./plugins-of-pods.ts')).beforeNodeRestriction,
  },
  nodeRestriction,
  taintNodesByCondition,
  {
    types: ['namespaces', 'pods', ...templated, 'scheduling.k8s.io/priorityclasses'],
    load: async () => (await import('./plugins-of-pods.ts')).afterNodeRestriction,
  },
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  defaultStorageClass,
  { types: [certificates], load: async () => (await import('./plugins-of-certificates.ts')).plugins },
  {
    types: roles.map((each) => `rbac.authorization.k8s.io/${each}`),
    load: async () => [(await import('./rbac-escalation.ts')).rbacEscalation],
  },
  {
    types: policies.map((each) => `admissionregistration.k8s.io/${each}`),
    load: async () => [(await import('./policy-parameters.ts')).policyParameters],
  },
];

export { dynamicPlugins };

/** After webhooks and policies. */
export const lastPlugins: readonly AdmissionRow[] = [resourceQuota];
