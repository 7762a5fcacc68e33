// LocalSubjectAccessReviews.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'authorization.k8s.io',
  versions: ['v1'],
  kind: 'LocalSubjectAccessReview',
};
