// Whole numbers that a body writes as floats (`1.0`, `1e3`). Once read they are integers, in custom resources as in Kubernetes; a field
// of Go's type int takes none.

import type { FloatLiteral } from '../json.ts';
import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { unmarshalMessage } from './go-types.ts';

/** What is wrong with the first that stands in an integer field of a built-in model, in Go's words. */
export function wholeFloatError(root: Schema, floats: readonly FloatLiteral[]): string | undefined {
  for (const { path, text } of floats) {
    let schema: Schema | undefined = root;
    let model = root.model;
    for (const step of path) {
      model = schema.model ?? model;
      const next: Schema | undefined = below(schema, step);
      schema = next;
      if (!schema) break;
    }
    if (!schema || model === undefined || !(schema.type === 'integer' || schema['x-kubernetes-int-or-string']))
      continue;
    const field = path.filter((step) => typeof step === 'string').join('.');
    return unmarshalMessage(schema, `number ${text}`, field, model);
  }
  return undefined;
}

function below(schema: Schema, step: string | number): Schema | undefined {
  if (typeof step === 'number') return schema.items;
  const { properties, additionalProperties } = schema;
  return getOwn(properties, step) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
}
