// Formats that nothing checks are taken, for documentation: whoever writes one gets a warning.

import type { V1CustomResourceDefinition, V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';

const recognized = new Set([
  ...['bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac', 'uuid', 'uuid3', 'uuid4', 'uuid5'],
  ...['isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor', 'rgbcolor', 'byte', 'password', 'date', 'duration'],
  ...['datetime', 'date-time', 'k8s-short-name', 'k8s-long-name'],
]);

export function warnOfFormats({ spec }: V1CustomResourceDefinition): string[] {
  const found = new Set<string>();
  for (const { schema } of spec?.versions ?? []) if (schema?.openAPIV3Schema) collect(schema.openAPIV3Schema, found);
  return [...found].sort().map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function collect(schema: V1JSONSchemaProps, found: Set<string>): void {
  const { format, items, additionalProperties, properties, allOf, anyOf, oneOf, not } = schema;
  if (format && !recognized.has(format)) found.add(format);
  for (const each of [items, additionalProperties, not]) if (isRecord(each)) collect(each as V1JSONSchemaProps, found);
  for (const each of [...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])]) collect(each, found);
  for (const each of Object.values(properties ?? {})) collect(each, found);
}
