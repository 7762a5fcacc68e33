// Prunes a decoded object by its schema: unknown fields go. An object of a built-in type becomes what Go's decoder and encoder make
// of it, the one form of what it says: empty values go where Kubernetes' types omit them, what these always write is written, quantities and times
// are canonical. In a custom resource nulls that mean "absent" go, and all else stays as it was sent.
// Source: KEP-2885 (field validation), structural schemas ("pruning", "defaulting and nullable"), encoding/json (omitempty).

import { deepClone } from '../equality.ts';
import { getOwn, setOwn } from '../own.ts';
import type { GoFields, Schema } from '../schema.ts';
import { canonicalScalar } from './canonical-scalar.ts';
import { isRecord } from './field-at.ts';

/**
 * Changes `object` in place. Returns what was removed as unknown, one `unknown field "spec.foo"` each (of a hundred), in the words
 * that clients know from Kubernetes; the caller warns, refuses or stays silent as `fieldValidation` says.
 */
export function prune(schema: Schema, object: unknown): readonly string[] {
  const run: Run = { found: [], omits: true, writes: true };
  visit(schema, object, undefined, run, false);
  return run.found.map((path) => `unknown field "${path}"`);
}

/**
 * As `prune`, of a configuration that is about to be applied: whoever applies owns all that it says, empty values too, and nothing that it
 * does not say. Returns the paths of unknown fields as structured-merge-diff writes them, `.spec.foo`.
 */
export function pruneApplied(schema: Schema, configuration: unknown): readonly string[] {
  const run: Run = { found: [], omits: false, writes: false };
  visit(schema, configuration, undefined, run, false);
  return run.found.map((path) => (path.startsWith('[') ? path : `.${path}`));
}

/** Drops what Go omits of an object that such a configuration was merged into, so that nothing takes an empty value for a change. */
export function omitEmpty(schema: Schema, object: unknown): void {
  if (schema.model !== undefined) visit(schema, object, undefined, { found: [], omits: true, writes: false }, false);
}

interface Run {
  /** Paths of unknown fields. */
  readonly found: string[];
  /** Empty values of built-in types go. */
  readonly omits: boolean;
  /** What their types always write is written. */
  readonly writes: boolean;
}

/** As many as Kubernetes' decoder reports. */
const maxReportedUnknown = 100;

function report({ found }: Run, path: Path): void {
  if (found.length < maxReportedUnknown) found.push(written(path));
}

/** A path that is only written out when it is needed: most objects have nothing unknown. */
interface Path {
  readonly parent: Path | undefined;
  readonly step: string | number;
}

/** `within`: the value is part of a built-in model. */
function visit(schema: Schema, value: unknown, path: Path | undefined, run: Run, within: boolean): void {
  if (Array.isArray(value)) visitList(schema, value, path, run, within);
  else if (isRecord(value)) visitObject(schema, value, path, run, within);
}

function visitList(schema: Schema, list: unknown[], path: Path | undefined, run: Run, within: boolean): void {
  const { items } = schema;
  if (!items) return;
  if (list.includes(null)) fillNulls(items, list, within);
  if (isScalar(items)) return;
  for (let index = 0; index < list.length; index += 1)
    visit(items, list[index], { parent: path, step: index }, run, within);
}

function visitObject(
  schema: Schema,
  value: Record<string, unknown>,
  path: Path | undefined,
  run: Run,
  within: boolean,
): void {
  const { properties, additionalProperties } = schema;
  const go = run.omits ? schema.go : undefined;
  if (!properties && additionalProperties === undefined) {
    // A schema that says nothing about its fields: free-form for a built-in type, empty for a custom resource.
    if (schema.type === 'object' && !schema['x-kubernetes-preserve-unknown-fields']) removeAll(value, path, run);
    return;
  }
  const builtIn = within || schema.model !== undefined;
  for (const name in value) {
    const own = getOwn(properties, name);
    const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (!next) {
      if (additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields']) continue;
      report(run, { parent: path, step: name });
      delete value[name];
      continue;
    }
    const field = value[name];
    if (field === null) {
      const instead = insteadOfNull(next, builtIn, own !== undefined);
      if (instead === undefined) delete value[name];
      else if (instead !== null) setOwn(value, name, instead);
    } else if (typeof field === 'object') {
      visit(next, field, { parent: path, step: name }, run, builtIn);
      if (go?.omitted.has(name) && isEmpty(next, field)) delete value[name];
    } else if (builtIn) {
      if (next.format !== undefined) {
        const canonical = canonicalScalar(next.format, field);
        if (canonical !== field) setOwn(value, name, canonical);
      }
      // A zero of another type than the field has is refused later.
      if (!field && go?.omitted.has(name) && typeof field === scalarTypes.get(next.type ?? '')) delete value[name];
    }
  }
  if (go && properties && run.writes) writeAlways(go, properties, value, path, run);
}

const scalarTypes: ReadonlyMap<string, string> = new Map([
  ['string', 'string'],
  ['integer', 'number'],
  ['number', 'number'],
  ['boolean', 'boolean'],
]);

function isEmpty({ type }: Schema, value: object): boolean {
  if (Array.isArray(value)) return type === 'array' && value.length === 0;
  if (type !== 'object') return false;
  for (const _ in value) return false;
  return true;
}

function writeAlways(
  { always }: GoFields,
  properties: Readonly<Record<string, Schema>>,
  value: Record<string, unknown>,
  path: Path | undefined,
  run: Run,
): void {
  for (const { name, zero } of always) {
    // computed name: of core/api/model-row.ts, and getOwn costs as much as the rest of this walk
    const field = value[name];
    if (field !== undefined) {
      // An empty list and none are the same in Kubernetes' store.
      if (zero === null && Array.isArray(field) && field.length === 0) setOwn(value, name, null);
      continue;
    }
    if (zero !== 'struct') {
      setOwn(value, name, zero);
      continue;
    }
    const made = {};
    setOwn(value, name, made);
    visit(getOwn(properties, name) ?? {}, made, { parent: path, step: name }, run, true);
  }
}

/**
 * What stands for a null. Go decodes it to a field's zero value, which is absent where it may be; in a custom resource it gives way to a default, and
 * is dropped where there is none. null: it stays.
 */
function insteadOfNull(schema: Schema, builtIn: boolean, isField: boolean): unknown {
  if (schema.nullable) return null;
  if (builtIn) {
    // Free JSON is a pointer where it is a field.
    if (isField) return undefined;
    return schema['x-kubernetes-preserve-unknown-fields'] ? null : zeroOf(schema);
  }
  return isField || schema.default === undefined ? undefined : deepClone(schema.default);
}

/** Items cannot be dropped: those of a custom resource without a default stay, for validation to name. */
function fillNulls(items: Schema, list: unknown[], builtIn: boolean): void {
  if (items.nullable) return;
  const zero = builtIn && !items['x-kubernetes-preserve-unknown-fields'] ? zeroOf(items) : (items.default ?? null);
  for (let index = 0; index < list.length; index += 1) if (list[index] === null) list[index] = deepClone(zero);
}

function zeroOf({ type, format, 'x-kubernetes-int-or-string': intOrString }: Schema): unknown {
  if (intOrString) return 0;
  switch (type) {
    case 'string':
      return format === 'quantity' ? '0' : format === 'date-time' || format === 'micro-time' ? null : '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'object':
      return {};
    default:
      return null;
  }
}

function isScalar({ type }: Schema): boolean {
  return type !== undefined && type !== 'object' && type !== 'array';
}

function removeAll(value: Record<string, unknown>, path: Path | undefined, run: Run): void {
  for (const name of Object.keys(value)) {
    report(run, { parent: path, step: name });
    delete value[name];
  }
}

function written(path: Path): string {
  const own = typeof path.step === 'number' ? `[${path.step}]` : path.step;
  if (!path.parent) return own;
  return typeof path.step === 'number' ? written(path.parent) + own : `${written(path.parent)}.${own}`;
}
