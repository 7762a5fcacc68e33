// Names of CSI drivers.

import { type FieldError, invalidValue, required, tooLong } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';

const longest = 63;

/** A driver's name is a domain, in any case, of the length of a label. */
export function validateDriverName(name: string | undefined, path: string): FieldError[] {
  const errors = name ? [] : [required(path)];
  if (Buffer.byteLength(name ?? '') > longest) errors.push(tooLong(path, longest));
  const wrong = dns1123Subdomain((name ?? '').toLowerCase());
  return [...errors, ...wrong.map((message) => invalidValue(path, name ?? '', message))];
}
