// Disks over Fibre Channel.

import type { V1FCVolumeSource } from '../../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const fc: VolumeTypeOf<'fc'> = {
  validate: (source, { path }) => validateFibreChannel(source, path),
  inline: { podSecurity: 'baseline' },
  persistent: {},
};

function validateFibreChannel(fc: V1FCVolumeSource, path: string): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = fc;
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length > 0 && wwids.length > 0)
    errors.push(
      invalidValue(`${path}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'),
    );
  if (targetWWNs.length > 0 && lun === undefined)
    errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else if (targetWWNs.length > 0 && lun !== undefined && (lun < 0 || lun > 255))
    errors.push(invalidValue(`${path}.lun`, lun, 'must be between 0 and 255, inclusive'));
  return errors;
}
