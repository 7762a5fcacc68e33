// Where the built-in kinds have fields of bytes, which JSON writes as base64: found in their schemas.

import type { Schema } from '../../machinery/schema.ts';
import { resourceRows, schemaOf } from '../models.ts';

export interface ByteFields {
  /** The value itself is base64. */
  readonly self?: boolean;
  readonly fields?: ReadonlyMap<string, ByteFields>;
  /** Every entry of a map, every item of a list. */
  readonly each?: ByteFields;
}

/** undefined for a kind that has none, or that is not built in. */
export function byteFieldsOf(apiVersion: string, kind: string): ByteFields | undefined {
  models ??= modelsByKind();
  const key = `${apiVersion} ${kind}`;
  const model = models.get(key);
  if (model === undefined) return undefined;
  if (!found.has(key)) found.set(key, search(schemaOf(model), new Set()));
  return found.get(key);
}

let models: ReadonlyMap<string, string> | undefined;
const found = new Map<string, ByteFields | undefined>();

function modelsByKind(): ReadonlyMap<string, string> {
  return new Map(
    resourceRows.map(({ group, version, kind, model }) => [
      `${group === '' ? version : `${group}/${version}`} ${kind}`,
      model,
    ]),
  );
}

/** `above`: the schemas on the way here. One that contains itself (JSONSchemaProps) has no bytes in its own recursion. */
function search(schema: Schema, above: ReadonlySet<Schema>): ByteFields | undefined {
  if (schema.format === 'byte') return { self: true };
  if (above.has(schema)) return undefined;
  const here = new Set(above).add(schema);
  const fields = new Map<string, ByteFields>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const below = search(property, here);
    if (below) fields.set(name, below);
  }
  const each = schema.items ?? (typeof schema.additionalProperties === 'object' && schema.additionalProperties);
  const below = each ? search(each, here) : undefined;
  if (fields.size === 0 && !below) return undefined;
  return { ...(fields.size > 0 && { fields }), ...(below && { each: below }) };
}
