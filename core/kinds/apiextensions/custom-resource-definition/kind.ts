// CustomResourceDefinitions.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'apiextensions.k8s.io',
  versions: ['v1'],
  kind: 'CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
};
