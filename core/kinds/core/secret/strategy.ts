// Secrets.

import type { V1Secret } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required, tooLong } from '../../../machinery/field-error.ts';
import { parseJson } from '../../../machinery/json.ts';
import { configMapKey } from '../../../machinery/names.ts';
import { getOwn, setOwn } from '../../../machinery/own.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { decodedSize, frozen, maxSize } from '../config-map/data.ts';
import { warnOfSecret } from './warnings.ts';

export const strategy = strategyFor<V1Secret>({
  prepareForCreate: foldStringData,
  prepareForUpdate(object, old) {
    foldStringData(object);
    object.type ||= old.type ?? 'Opaque';
  },
  validate(object) {
    const { data, type } = object;
    const errors: FieldError[] = [];
    let size = 0;
    for (const key in data) {
      for (const message of configMapKey(key)) errors.push(invalidValue(`data[${key}]`, key, message));
      size += decodedSize(data[key] ?? '');
    }
    if (size > maxSize) errors.push(tooLong('data', maxSize));
    for (const key of getOwn(requiredKeys, type ?? '') ?? [])
      if (getOwn(data, key) === undefined) errors.push(required(`data[${key}]`));
    if (
      type === 'kubernetes.io/service-account-token' &&
      !object.metadata.annotations?.['kubernetes.io/service-account.name']
    ) {
      errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'));
    }
    if (type === 'kubernetes.io/basic-auth' && data?.['username'] === undefined && data?.['password'] === undefined) {
      errors.push(required('data[username]'), required('data[password]'));
    }
    for (const key of ['.dockerconfigjson', '.dockercfg']) {
      const value = getOwn(data, key);
      if (getOwn(requiredKeys, type ?? '')?.includes(key) && value !== undefined && !isJson(value)) {
        errors.push(invalidValue(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON'));
      }
    }
    return errors;
  },
  warnings: warnOfSecret,
  validateUpdate: (object, old) => [...immutable(object.type, old.type, 'type'), ...frozen(object, old, ['data'])],
});

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** `stringData` is for writing only: it becomes data, and wins. */
function foldStringData(object: V1Secret): void {
  const { stringData } = object;
  if (!stringData) return;
  delete object.stringData;
  object.data ??= {};
  for (const key in stringData) setOwn(object.data, key, Buffer.from(stringData[key] ?? '').toString('base64'));
}

function isJson(base64: string): boolean {
  try {
    parseJson(Buffer.from(base64, 'base64').toString());
    return true;
  } catch {
    return false;
  }
}
