// The Swagger 2 documents of other servers in ours: their paths that we do not have, and the definitions that those paths need.
// A definition that we have under the same name with another content comes in under a new name.

import { deepEqual } from '../../machinery/equality.ts';
import { parseJson } from '../../machinery/json.ts';
import { getOwn, ownOr, setOwn } from '../../machinery/own.ts';
import type { Steps } from '../../machinery/steps.ts';
import { pace } from './document-text.ts';
import type { Parts } from './documents.ts';
import type { Entry } from './kept-texts.ts';

type Fragment = Readonly<Record<string, unknown>>;

const prefix = '#/definitions/';

/** `mergeSwagger` of texts. Other servers' documents come as values, and ours goes among them as one. */
export function* mergingSwagger({ paths, schemas }: Parts, others: readonly unknown[]): Steps<Parts> {
  const own = { paths: yield* values(paths), definitions: yield* values(schemas) };
  const merged = mergeSwagger(own, others);
  return { paths: yield* texts(merged.paths), schemas: yield* texts(merged.definitions) };
}

function* values(entries: readonly Entry[]): Steps<Record<string, Fragment>> {
  const isTurn = pace();
  const parsed: Record<string, Fragment> = {};
  for (const [name, json] of entries) {
    setOwn(parsed, name, parseJson(json) as Fragment); // as: every entry is an object
    if (isTurn(json.length)) yield;
  }
  return parsed;
}

function* texts(values: Readonly<Record<string, Fragment>>): Steps<Entry[]> {
  const isTurn = pace();
  const written: Entry[] = [];
  for (const [name, value] of Object.entries(values)) {
    const json = JSON.stringify(value);
    written.push([name, json]);
    if (isTurn(json.length)) yield;
  }
  return written;
}

export interface SwaggerParts {
  readonly paths: Readonly<Record<string, Fragment>>;
  readonly definitions: Readonly<Record<string, Fragment>>;
}

/** Documents that are none are left out. Changes none of its arguments. */
export function mergeSwagger(own: SwaggerParts, others: readonly unknown[]): SwaggerParts {
  const paths: Record<string, Fragment> = { ...own.paths };
  const definitions: Record<string, Fragment> = { ...own.definitions };
  for (const other of others) {
    const theirs = parts(other);
    const added = Object.entries(theirs.paths).filter(
      ([path]) => path.startsWith('/apis/') && !Object.hasOwn(paths, path),
    );
    const needed = reachable(added, theirs.definitions);
    const names = new Map(
      [...needed].map((name) => [name, nameFor(name, getOwn(theirs.definitions, name), definitions)]),
    );
    for (const [path, item] of added) setOwn(paths, path, renamed(item, names));
    for (const name of needed) {
      const definition = getOwn(theirs.definitions, name);
      if (definition) ownOr(definitions, names.get(name) ?? name, () => renamed(definition, names));
    }
  }
  return { paths, definitions };
}

function parts(document: unknown): { paths: Record<string, Fragment>; definitions: Record<string, Fragment> } {
  // as: parts that are no objects are left out here; what is inside is passed on as it is.
  const { paths, definitions } = Object(document) as Record<string, unknown>;
  return { paths: fragments(paths), definitions: fragments(definitions) };
}

function fragments(value: unknown): Record<string, Fragment> {
  const entries = Object.entries(Object(value) as object);
  return Object.fromEntries(entries.filter(([, each]) => typeof each === 'object' && each !== null));
}

function reachable(start: unknown, definitions: Readonly<Record<string, Fragment>>): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      const name =
        key === '$ref' && typeof each === 'string' && each.startsWith(prefix) ? each.slice(prefix.length) : '';
      if (name === '') visit(each);
      else if (!found.has(name)) {
        found.add(name);
        visit(getOwn(definitions, name));
      }
    }
  };
  visit(start);
  return found;
}

function nameFor(name: string, theirs: Fragment | undefined, taken: Readonly<Record<string, Fragment>>): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}_v${number}`;
    const known = getOwn(taken, candidate);
    if (!known || theirs === undefined || deepEqual(known, theirs)) return candidate;
  }
}

function renamed<T>(value: T, names: ReadonlyMap<string, string>): T {
  if (Array.isArray(value)) return value.map((each) => renamed(each, names)) as T; // as: the same shape with other names in it
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    if (key === '$ref' && typeof each === 'string' && each.startsWith(prefix))
      return [key, prefix + (names.get(each.slice(prefix.length)) ?? each.slice(prefix.length))];
    return [key, renamed(each, names)];
  });
  return Object.fromEntries(entries) as T; // as above
}
