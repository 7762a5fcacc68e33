// The zero values that OpenAPI publishes as defaults though no write stores them: of a field that is no pointer in Go and always written,
// Kubernetes' generator of OpenAPI says that it is '', 0 or false where nobody sets it.

import type { Schema } from '../../machinery/schema.ts';

const zeros: Readonly<Record<string, string | number | boolean>> = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
};
/** Texts on the wire that are something else in Go. */
const notText: ReadonlySet<string> = new Set(['byte', 'date-time', 'micro-time', 'quantity', 'int-or-string']);

/** undefined: it has none. */
export function zeroValueOf({ type, format }: Schema): string | number | boolean | undefined {
  return notText.has(format ?? '') ? undefined : zeros[type ?? ''];
}
