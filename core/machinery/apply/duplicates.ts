// Items of a list that have one key: an applied configuration has none, for nobody could say which of them is meant. What is stored may.
// Source: structured-merge-diff (typed values, AllowDuplicates).

import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { pathString } from './field-set.ts';
import { strategyOf } from './merge-strategy.ts';

/** One text for each list of a configuration and key that comes again, in structured-merge-diff's words. */
export function duplicatesIn(schema: Schema, configuration: unknown): readonly string[] {
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
      visit(strategy.property(name), field, path, found);
      path.pop();
    }
    return;
  }
  const seen = new Set<string>();
  const told = new Set<string>();
  for (const item of value as readonly unknown[]) {
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
