// What an applied configuration may not hold: items of a list that have one key, or none, for nobody could say which is meant, and values of
// another type than their fields have. What is stored may have such items.
// Source: structured-merge-diff (typed values, AllowDuplicates, validateScalar).

import { byName, goText } from '../go-text.ts';
import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { pathString } from './field-set.ts';
import { strategyOf } from './merge-strategy.ts';

/**
 * One text for each list of a configuration and key that comes again, each item without its key, and each value of another type, in
 * structured-merge-diff's words.
 */
export function faultsIn(schema: Schema, configuration: unknown): readonly string[] {
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
      if (field === null || field === undefined) continue;
      const below = strategy.schemaOf(name);
      const { type } = below;
      const isObject = typeof field === 'object';
      // Most fields are what they are to be.
      const isRight = isObject ? type === (Array.isArray(field) ? 'array' : 'object') : type === typeof field;
      if (isRight && !isObject) continue;
      const fault = isRight ? undefined : typeFault(below, field);
      if (fault === undefined && !isObject) continue;
      path.push(`f:${name}`);
      if (fault !== undefined) found.push(`${pathString(path)}: ${fault}`);
      else visit(below, field, path, found);
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

/** Of what has one type. Quantities, times and the like are read from several, and judged when they are read. */
function typeFault(
  { type, format, 'x-kubernetes-int-or-string': several }: Schema,
  value: unknown,
): string | undefined {
  if (type === undefined || several) return undefined;
  switch (type) {
    case 'string':
      if (typeof value === 'string' || (format !== undefined && readFromOthers.has(format))) return undefined;
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'integer':
    case 'number':
      if (typeof value === 'number' || typeof value === 'bigint') return undefined;
      return `expected numeric (int or float), got ${goType(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goText(value)}}`;
    case 'array':
      return Array.isArray(value) ? undefined : `expected list, got &{${goText(value)}}`;
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) ? undefined : `expected map, got &{${goText(value)}}`;
    default:
      return undefined;
  }
}

const readFromOthers: ReadonlySet<string> = new Set(['quantity', 'date-time', 'micro-time']);

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

/** As Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value !== 'object') return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const fields = Object.entries(value).sort(byName);
  return `map[string]interface {}{${fields.map(([name, each]) => `${JSON.stringify(name)}:${goSyntax(each)}`).join(', ')}}`;
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
