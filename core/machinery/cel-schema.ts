// The CEL types of a schema, for checking expressions when they are written down. Source: KEP-2876, "Type checking".

import type { CelType } from './cel.ts';
import { celName } from './cel-name.ts';
import { setOwn } from './own.ts';
import type { Schema } from './schema.ts';

export interface CelSchema {
  /** The type of the schema itself. */
  readonly type: string;
  readonly types: readonly CelType[];
}

export function celTypesOf(schema: Schema): CelSchema {
  const types: CelType[] = [];
  const type = typeOf(schema, types, []);
  return { type, types };
}

function typeOf(schema: Schema, types: CelType[], above: readonly Schema[]): string {
  // Only built-in models go in circles.
  if (schema.nullable || schema['x-kubernetes-int-or-string'] || above.includes(schema)) return 'dyn';
  const within = [...above, schema];
  switch (schema.type) {
    case 'object': {
      const { properties, additionalProperties } = schema;
      if (properties) return objectType(properties, types, within);
      return typeof additionalProperties === 'object'
        ? `map<string, ${typeOf(additionalProperties, types, within)}>`
        : 'dyn';
    }
    case 'array':
      return schema.items ? `list<${typeOf(schema.items, types, within)}>` : 'list<dyn>';
    case 'string':
      return schema.format === 'date-time' ? 'google.protobuf.Timestamp' : 'string';
    case 'integer':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
      return 'dyn';
  }
}

function objectType(properties: Readonly<Record<string, Schema>>, types: CelType[], within: readonly Schema[]): string {
  const fields: Record<string, string> = {};
  for (const [property, each] of Object.entries(properties)) {
    const name = celName(property);
    if (name !== undefined) setOwn(fields, name, typeOf(each, types, within));
  }
  const name = `Object${types.length}`;
  types.push({ name, fields });
  return name;
}
