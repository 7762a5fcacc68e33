// An empty directory, of the pod's own.

import { forbiddenField, invalidValue } from '../../../../machinery/field-error.ts';
import { parseQuantity, quantityError } from '../../../../machinery/quantity.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const emptyDir: VolumeTypeOf<'emptyDir'> = {
  validate({ sizeLimit }, { path }) {
    const at = `${path}.sizeLimit`;
    if (sizeLimit === undefined) return [];
    const wrong = quantityError(sizeLimit);
    if (wrong) return [invalidValue(at, sizeLimit, wrong)];
    return parseQuantity(sizeLimit).nanos < 0n
      ? [forbiddenField(at, 'SizeLimit field must be a valid resource quantity')]
      : [];
  },
  inline: { podSecurity: 'restricted' },
};
