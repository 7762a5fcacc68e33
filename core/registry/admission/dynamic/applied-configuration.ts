// What a policy's ApplyConfiguration may say: fields that its kind has, and none that is only replaced as a whole, for that would drop
// what others put there. Source: KEP-3962 (atomic lists, maps and structs are what JSON patches are for).

import { getOwn } from '../../../machinery/own.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { pruneApplied } from '../../../machinery/structure/prune.ts';

/** Why a configuration cannot be merged; undefined where it can. */
export function configurationError(schema: Schema, configuration: object): string | undefined {
  const unknown = pruneApplied(schema, structuredClone(configuration)).map(
    (path) => `${path}: field not declared in schema`,
  );
  const [first] = unknown;
  if (first) {
    const told = unknown.length === 1 ? first : `errors:\n${unknown.map((each) => `  ${each}`).join('\n')}`;
    return `error applying patch: failed to convert patch object to typed object: ${told}`;
  }
  const atomic: string[] = [];
  collectAtomic(schema, configuration, '', atomic);
  return atomic.length === 0
    ? undefined
    : `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`;
}

/** Values of maps are not looked into: nothing of them is merged that is not named. */
function collectAtomic(schema: Schema, value: unknown, path: string, atomic: string[]): void {
  if (Array.isArray(value)) {
    const type = schema['x-kubernetes-list-type'];
    if (type !== 'map' && type !== 'set') atomic.push(path);
    const { items } = schema;
    if (items) for (const [index, each] of value.entries()) collectAtomic(items, each, `${path}[${index}]`, atomic);
  } else if (isRecord(value)) {
    if (schema['x-kubernetes-map-type'] === 'atomic') atomic.push(path);
    for (const name in value) {
      const field = getOwn(schema.properties, name);
      if (field) collectAtomic(field, value[name], `${path}.${name}`, atomic);
    }
  }
}
