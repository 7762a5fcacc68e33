// ValidatingAdmissionPolicyBindings.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'admissionregistration.k8s.io',
  versions: ['v1'],
  kind: 'ValidatingAdmissionPolicyBinding',
  categories: ['api-extensions'],
};
