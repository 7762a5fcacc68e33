// Flocker.

import type { V1FlockerVolumeSource } from '../../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const flocker: VolumeTypeOf<'flocker'> = {
  validate: (source, { path }) => validateFlocker(source, path),
  gone: 'flocker: deprecated in v1.22, non-functional in v1.25+',
  inline: { podSecurity: 'baseline' },
  persistent: {},
};

function validateFlocker(flocker: V1FlockerVolumeSource, path: string): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = flocker;
  const errors: FieldError[] = [];
  if (!datasetName && !datasetUUID) errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    errors.push(invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (datasetName.includes('/')) errors.push(invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'"));
  return errors;
}
