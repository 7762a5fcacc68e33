// SelfSubjectReviews.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'authentication.k8s.io',
  versions: ['v1'],
  kind: 'SelfSubjectReview',
};
