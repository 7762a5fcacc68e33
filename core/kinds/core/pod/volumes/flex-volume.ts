// Volumes of drivers that are programs on the node.

import { type FieldError, invalidValue } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const flexVolume: VolumeTypeOf<'flexVolume'> = {
  needs: ['driver'],
  validate: ({ options }, { path }) => validateOptions(options ?? {}, `${path}.options`),
  inline: { podSecurity: 'baseline' },
  persistent: {},
};

function validateOptions(options: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.keys(options).flatMap((key) => {
    const namespace = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    return namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')
      ? [invalidValue(`${path}[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')]
      : [];
  });
}
