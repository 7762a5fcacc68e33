// What a write changed, as each version of the object shows it: a manager's fields are those of the version that it wrote in.

import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { Schema } from '../schema.ts';
import { atOnce, type Steps } from '../steps.ts';
import { compare } from './compare.ts';
import { type FieldSet, union, withoutSubtrees } from './field-set.ts';

export interface Differences {
  /** Added, or set to another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** The object before and after a write in another version than the write's own. */
export interface View {
  readonly schema: Schema;
  readonly live: KubeObject;
  readonly object: KubeObject;
}

/** By apiVersion. A version without a view is no longer served, and what was managed in it is managed by nobody. */
export type Views = ReadonlyMap<string, View>;

/** `apiVersion` -> what the write changed in it; undefined where it is not served. */
export type DifferencesIn = (apiVersion: string) => Differences | undefined;

function differ(schema: Schema, live: KubeObject, object: KubeObject, reset: FieldSet): Differences {
  return atOnce(differencesInSteps(schema, live, object, reset));
}

/** As `differ`, in steps. */
export function* differencesInSteps(
  schema: Schema,
  live: KubeObject,
  object: KubeObject,
  reset: FieldSet,
): Steps<Differences> {
  const { added, modified, removed } = compare(schema, live, object);
  yield;
  return { changed: withoutSubtrees(union(added, modified), reset), removed: withoutSubtrees(removed, reset) };
}

/** `own`: in the version of the write. */
export function differencesIn(
  apiVersion: string,
  own: Differences,
  views: Views | undefined,
  reset: FieldSet,
): DifferencesIn {
  if (!views) return () => own;
  const known = new Map<string, Differences | undefined>([[apiVersion, own]]);
  return (version) => {
    if (known.has(version)) return known.get(version);
    const view = views.get(version);
    const found = view && differ(view.schema, view.live, view.object, reset);
    known.set(version, found);
    return found;
  };
}

/** The versions beside `apiVersion` that entries speak in; undefined where there are none, as nearly always. */
export function otherVersions(
  entries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
): Set<string> | undefined {
  let others: Set<string> | undefined;
  for (const entry of entries ?? []) {
    if (!entry.apiVersion || entry.apiVersion === apiVersion) continue;
    others ??= new Set();
    others.add(entry.apiVersion);
  }
  return others;
}
