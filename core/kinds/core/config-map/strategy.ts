// ConfigMaps.

import type { V1ConfigMap } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, tooLong } from '../../../machinery/field-error.ts';
import { configMapKey } from '../../../machinery/names.ts';
import { strategyFor } from '../../strategy.ts';
import { decodedSize, frozen, maxSize } from './data.ts';

export const strategy = strategyFor<V1ConfigMap>({
  validate({ data, binaryData }) {
    const errors: FieldError[] = [];
    let size = 0;
    for (const key in data) {
      for (const message of configMapKey(key)) errors.push(invalidValue(`data[${key}]`, key, message));
      if (binaryData && Object.hasOwn(binaryData, key))
        errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
      size += Buffer.byteLength(data[key] ?? '');
    }
    for (const key in binaryData) {
      for (const message of configMapKey(key)) errors.push(invalidValue(`binaryData[${key}]`, key, message));
      size += decodedSize(binaryData[key] ?? '');
    }
    if (size > maxSize) errors.push(tooLong('', maxSize));
    return errors;
  },
  validateUpdate: (object, old) => frozen(object, old, ['data', 'binaryData']),
});
