// Volumes of CSI drivers.

import { type FieldError, invalidValue, required, tooLong } from '../../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../../machinery/names.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const csi: VolumeTypeOf<'csi'> = {
  validate: ({ driver }, { path }) => validateDriverName(driver, `${path}.driver`),
  inline: { podSecurity: 'restricted' },
  persistent: {},
};

function validateDriverName(driver: string | undefined, path: string): FieldError[] {
  if (!driver) return [required(path)];
  const errors = dns1123Subdomain(driver.toLowerCase()).map((message) => invalidValue(path, driver, message));
  return Buffer.byteLength(driver) > 63 ? [tooLong(path, 63), ...errors] : errors;
}
