// ValidatingWebhookConfigurations.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'admissionregistration.k8s.io',
  versions: ['v1'],
  kind: 'ValidatingWebhookConfiguration',
  categories: ['api-extensions'],
};
