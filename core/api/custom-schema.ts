// The schema of a custom resource as a Schema: what its definition says, and what every object has (apiVersion, kind, metadata).
// Source: CustomResourceDefinition "structural schema", KEP-1152.

import type { V1JSONSchemaProps } from '../../generated/kubernetes.ts';
import { getOwn } from '../machinery/own.ts';
import type { Schema } from '../machinery/schema.ts';
import { isRecord } from '../machinery/structure/field-at.ts';
import { schemaOf } from './models.ts';

const free: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function structuralSchema(
  root: V1JSONSchemaProps | undefined,
  { preserveUnknownFields }: { readonly preserveUnknownFields: boolean },
): Schema {
  const own = root ? convert(root) : free;
  return asResource(preserveUnknownFields ? { ...own, 'x-kubernetes-preserve-unknown-fields': true } : own);
}

/** Keywords that hold one schema, a list of schemas, or schemas by name; all others are taken as they are. */
const single = ['items', 'not', 'additionalProperties'] as const;
const lists = ['allOf', 'anyOf', 'oneOf'] as const;

function convert(source: V1JSONSchemaProps): Schema {
  // Beside the keywords below, JSONSchemaProps and Schema name and type their keywords alike.
  const result = { ...source } as Record<string, unknown>;
  for (const key of single) if (isRecord(source[key])) result[key] = convert(source[key]);
  for (const key of lists) {
    const branches = source[key];
    if (branches) result[key] = branches.map(convert);
  }
  if (source.properties) {
    result['properties'] = Object.fromEntries(
      Object.entries(source.properties).map(([name, each]) => [name, convert(each)]),
    );
  }
  const schema = result as Schema; // see above
  return schema['x-kubernetes-embedded-resource'] ? asEmbedded(schema) : schema;
}

/** An object within an object says what it is. Source: JSONSchemaProps, "x-kubernetes-embedded-resource". */
function asEmbedded(schema: Schema): Schema {
  return { ...asResource(schema), required: [...new Set([...(schema.required ?? []), 'apiVersion', 'kind'])] };
}

function asResource(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  const metadata = schema.properties?.['metadata']?.properties;
  const objectMeta = schemaOf('V1ObjectMeta');
  return {
    ...schema,
    type: 'object',
    properties: {
      ...schema.properties,
      apiVersion: text,
      kind: text,
      // Fields that metadata does not have stay unknown, whatever a definition says of them.
      metadata: {
        ...objectMeta,
        properties: {
          ...objectMeta.properties,
          ...Object.fromEntries(
            Object.entries(metadata ?? {}).filter(([name]) => getOwn(objectMeta.properties, name) !== undefined),
          ),
        },
      },
    },
  };
}
