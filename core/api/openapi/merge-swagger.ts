// The Swagger 2 documents of other servers in ours: their paths that we do not have, and the definitions that those paths need.
// A definition that we have under the same name with another content comes in under a new name.

import { deepEqual } from '../../machinery/equality.ts';
import { getOwn, ownOr, setOwn } from '../../machinery/own.ts';
import type { SwaggerDocument } from './swagger-protobuf.ts';

type Fragment = Readonly<Record<string, unknown>>;

const prefix = '#/definitions/';

/** Documents that are none are left out. Changes none of its arguments. */
export function mergeSwagger(own: SwaggerDocument, others: readonly unknown[]): SwaggerDocument {
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
  return { ...own, paths, definitions };
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
