// Formats that nothing checks are taken, for documentation: whoever writes one gets a warning, and none for what was there before.

import type { V1CustomResourceDefinition, V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { isKnownFormat } from '../../../machinery/structure/text-formats.ts';

export function warnOfFormats(definition: V1CustomResourceDefinition, old?: V1CustomResourceDefinition): string[] {
  const before = old ? formatsOf(old) : new Set<string>();
  const added = [...formatsOf(definition)].filter((format) => !before.has(format));
  return added.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function formatsOf({ spec }: V1CustomResourceDefinition): Set<string> {
  const found = new Set<string>();
  for (const { schema } of spec?.versions ?? []) if (schema?.openAPIV3Schema) collect(schema.openAPIV3Schema, found);
  return found;
}

function collect(schema: V1JSONSchemaProps, found: Set<string>): void {
  const { format, items, additionalProperties, properties, allOf, anyOf, oneOf, not } = schema;
  if (format && !isKnownFormat(schema as Schema)) found.add(format); // keywords are named and typed alike
  for (const each of [items, additionalProperties, not]) if (isRecord(each)) collect(each as V1JSONSchemaProps, found);
  for (const each of [...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])]) collect(each, found);
  for (const each of Object.values(properties ?? {})) collect(each, found);
}
