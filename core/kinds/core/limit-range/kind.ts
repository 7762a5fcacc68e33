// LimitRanges.

import type { Kind } from '../../kind.ts';

export const kind: Kind = {
  group: '',
  versions: ['v1'],
  kind: 'LimitRange',
  shortNames: ['limits'],
};
