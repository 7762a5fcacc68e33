// Items of a list that have one key, or none: an applied configuration has none of them, for nobody could say which is meant. What is
// stored may.
// Source: structured-merge-diff (typed values, AllowDuplicates).

import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { pathString } from './field-set.ts';
import { strategyOf } from './merge-strategy.ts';

/** One text for each list of a configuration and key that comes again, and for each item without its key, in structured-merge-diff's words. */
export function keyFaultsIn(schema: Schema, configuration: unknown): readonly string[] {
  const found: string[] = [];
  visit(schema, configuration, [], found);
  return found;
}

/** `path` is the one array of the walk. */
function visit(schema: Schema, value: unknown, path: string[], found: string[]): void {
  const strategy = strategyOf(schema, value);
  if (strategy.kind === 'leaf') return;
  if (strategy.kind === 'map') {
    const fields = value as Readonly<Record<string, unknown>>; // the strategy says so
    for (const name in fields) {
      const field = getOwn(fields, name);
      if (typeof field !== 'object' || field === null) continue;
      path.push(`f:${name}`);
      visit(strategy.field(name).schema, field, path, found);
      path.pop();
    }
    return;
  }
  const seen = new Set<string>();
  const told = new Set<string>();
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    const fault = strategy.keys.length > 0 ? keyFault(item, strategy.keys, strategy.items) : undefined;
    if (fault) {
      found.push(`${pathString(path)}: element ${index}: associative list with keys ${fault}`);
      continue;
    }
    const element = strategy.element(item);
    if (seen.has(element) && !told.has(element)) {
      told.add(element);
      found.push(`${pathString(path)}: duplicate entries for key ${pathString([element])}`);
    }
    seen.add(element);
    path.push(element);
    visit(strategy.items, item, path, found);
    path.pop();
  }
}

/** The keys of built-in types are zero where they are missing, as Go writes them: their own rules tell of that. */
function keyFault(item: unknown, keys: readonly string[], { properties, model }: Schema): string | undefined {
  if (item === null) return 'may not have a null element';
  if (typeof item !== 'object' || Array.isArray(item)) return 'may not have non-map elements';
  if (model !== undefined) return undefined;
  const missing = keys.find((key) => getOwn(item, key) === undefined && getOwn(properties, key)?.default === undefined);
  return missing === undefined
    ? undefined
    : `has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`;
}
