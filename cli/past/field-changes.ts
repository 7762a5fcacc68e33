// What differs between two states of an object, field by field. Elements of a list that all have a name are known by it, as kubectl and the API
// know containers, ports and variables; any other list is one value.

import { deepEqual } from '../../core/machinery/equality.ts';
import { getOwn } from '../../core/machinery/own.ts';

/** A field's name, or an element of a list by its name. */
export type Step = { readonly field: string } | { readonly element: string };

export interface FieldChange {
  readonly path: readonly Step[];
  /** undefined: it was not there. */
  readonly before: unknown;
  /** undefined: it is gone. */
  readonly after: unknown;
}

/** What the server writes, and nobody changes. */
const ownedByServer: readonly string[] = [
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
];

export function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  return compare([], withoutServerFields(before), withoutServerFields(after));
}

/** An object without what only the server writes into its metadata. */
function withoutServerFields(object: unknown): unknown {
  if (!isObject(object)) return object;
  const metadata = getOwn(object, 'metadata');
  if (!isObject(metadata)) return object;
  const kept = Object.entries(metadata).filter(([name]) => !ownedByServer.includes(name));
  return { ...object, metadata: Object.fromEntries(kept) };
}

/** `spec.containers[app].image`. */
export function pathText(path: readonly Step[]): string {
  return path.reduce((text, step) => {
    if ('element' in step) return `${text}[${step.element}]`;
    const plain = /^[A-Za-z_][\w-]*$/.test(step.field);
    if (!plain) return `${text}[${JSON.stringify(step.field)}]`;
    return text === '' ? step.field : `${text}.${step.field}`;
  }, '');
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(object: unknown, path: readonly Step[]): unknown {
  let value = object;
  for (const step of path) {
    if ('field' in step) value = isObject(value) ? getOwn(value, step.field) : undefined;
    else value = Array.isArray(value) ? value.find((each) => nameOf(each) === step.element) : undefined;
  }
  return value;
}

export function nameOf(element: unknown): string | undefined {
  const name = isObject(element) ? getOwn(element, 'name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compare(path: readonly Step[], before: unknown, after: unknown): FieldChange[] {
  if (deepEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return fields.flatMap((field) => compare([...path, { field }], getOwn(before, field), getOwn(after, field)));
  }
  const [old, now] = [named(before), named(after)];
  if (old && now) {
    const changes = [...new Set([...old.keys(), ...now.keys()])].flatMap((element) =>
      compare([...path, { element }], old.get(element), now.get(element)),
    );
    // The same elements in another order.
    return changes.length > 0 ? changes : [{ path, before, after }];
  }
  return [{ path, before, after }];
}

/** The elements of a list by name; undefined where they do not all have one of their own. */
function named(list: unknown): ReadonlyMap<string, unknown> | undefined {
  if (!Array.isArray(list)) return undefined;
  const elements = new Map<string, unknown>();
  for (const element of list) {
    const name = nameOf(element);
    if (name === undefined || elements.has(name)) return undefined;
    elements.set(name, element);
  }
  return elements;
}
