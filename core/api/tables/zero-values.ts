// The zero values that OpenAPI publishes as defaults though no write stores them: of a field that is no pointer in Go and always written,
// Kubernetes' generator of OpenAPI says that it is '', 0 or false where nobody sets it. That is so of every required scalar; the rows are the
// others, and the required ones that are pointers.

import type { Schema } from '../../machinery/schema.ts';

/** Optional, and always written: `name` of a LocalObjectReference, and of what embeds one. */
export const zeroThoughOptional: ReadonlySet<string> = new Set(
  [
    'LocalObjectReference',
    'ConfigMapEnvSource',
    'ConfigMapKeySelector',
    'ConfigMapProjection',
    'ConfigMapVolumeSource',
    'SecretEnvSource',
    'SecretKeySelector',
    'SecretProjection',
  ].map((model) => `V1${model}.name`),
);

export const requiredPointers: ReadonlySet<string> = new Set(['V1HTTPIngressPath.pathType']);

const zeros: Readonly<Record<string, string | number | boolean>> = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
};
/** Texts on the wire that are something else in Go. */
const notText: ReadonlySet<string> = new Set(['byte', 'date-time', 'micro-time', 'quantity', 'int-or-string']);

/** undefined: none. `key`: model and field, as in the tables. */
export function zeroValueOf(key: string, required: boolean, { type, format }: Schema) {
  if (required ? requiredPointers.has(key) : !zeroThoughOptional.has(key)) return undefined;
  return notText.has(format ?? '') ? undefined : zeros[type ?? ''];
}
