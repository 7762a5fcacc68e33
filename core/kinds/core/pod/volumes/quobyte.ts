// Quobyte.

import type { VolumeTypeOf } from './volume-type.ts';

export const quobyte: VolumeTypeOf<'quobyte'> = {
  needs: ['registry', 'volume'],
  gone: 'quobyte: deprecated in v1.22, non-functional in v1.25+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};
