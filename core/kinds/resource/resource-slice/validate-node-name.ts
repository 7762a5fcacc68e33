// Nodes as slices and devices name them.

import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';

export function validateNodeName(name: string, path: string): FieldError[] {
  return dns1123Subdomain(name).map((message) => invalidValue(path, name, message));
}
