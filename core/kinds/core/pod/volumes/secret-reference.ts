// Secrets that volumes name: in the pod's namespace, or of a PersistentVolume in the one that it says.

import { type FieldError, required } from '../../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../../machinery/names.ts';
import { requiredField } from '../../../rules/field-rule.ts';

interface Reference {
  readonly name?: string;
  readonly namespace?: string;
}

/** `fields`: those that may not be missing or empty where there is a reference. */
export function validateSecretReference(
  reference: Reference | undefined,
  path: string,
  ...fields: readonly (keyof Reference)[]
): FieldError[] {
  if (!reference) return [];
  return fields.filter((field) => !reference[field]).map((field) => required(`${path}.${field}`));
}

/** As volumes of CSI drivers have it, whose names are looked at too. */
export function validateStrictReference(reference: Reference | undefined, path: string): FieldError[] {
  if (!reference) return [];
  return [
    ...requiredField(reference.name, dns1123Subdomain, `${path}.name`),
    ...requiredField(reference.namespace, dns1123Label, `${path}.namespace`),
  ];
}
