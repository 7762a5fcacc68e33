// VolumeAttributesClasses.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'storage.k8s.io',
  versions: ['v1'],
  kind: 'VolumeAttributesClass',
  shortNames: ['vac'],
};
