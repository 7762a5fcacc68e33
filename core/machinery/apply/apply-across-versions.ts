// An apply to an object whose fields others (or the applier itself, before) manage in other versions: the object is looked at in
// each of them, to prune what the applier gave up and to find conflicts. Source: KEP-555; structured-merge-diff's Updater.

import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import { runYielding } from '../steps.ts';
import { type ApplyRequest, type Begun, beginApply, finishApply } from './apply.ts';
import { compare } from './compare.ts';
import type { View } from './differences.ts';
import { emptySet, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { prune } from './merge.ts';

/** Another version that the object is served in. Fails as the conversion does. */
export interface OtherVersion {
  readonly schema: Schema;
  /** From the version of the request, and back to it. */
  from(object: KubeObject): KubeObject | Promise<KubeObject>;
  back(object: KubeObject): KubeObject | Promise<KubeObject>;
}

/** As `apply`, where `others` has the versions that entries of managedFields speak in, as far as they are served. */
export async function applyAcrossVersions(
  request: ApplyRequest,
  others: ReadonlyMap<string, OtherVersion>,
): Promise<KubeObject> {
  const begun = await runYielding(beginApply(request), request.large);
  // Nobody manages what is managed in a version that is gone.
  for (const [key, each] of begun.managers)
    if (each.apiVersion !== request.apiVersion && !others.has(each.apiVersion)) begun.managers.delete(key);
  const object = await pruned(request, begun, others);
  const views = new Map<string, View>();
  for (const [apiVersion, { schema, from }] of others)
    views.set(apiVersion, { schema, live: await from(begun.live), object: await from(object) });
  return await runYielding(finishApply(request, begun, object, views), request.large);
}

/** The merged object without what only the applier's last configuration had, in the version that it had then. */
async function pruned(
  request: ApplyRequest,
  { merged, last, managers }: Begun,
  others: ReadonlyMap<string, OtherVersion>,
): Promise<KubeObject> {
  if (!last) return merged;
  const owned = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of managers.values())
    owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields));
  const same: OtherVersion = { schema: request.schema, from: (object) => object, back: (object) => object };
  const versionOf = (apiVersion: string) => (apiVersion === request.apiVersion ? same : others.get(apiVersion));
  const then = versionOf(last.apiVersion);
  // What was applied in a version that is gone stays: nothing says which fields it was.
  if (!then) return merged;
  const pruneIn = async (version: OtherVersion, given: FieldSet, kept: FieldSet) => {
    const before = await version.from(merged);
    const after = prune(version.schema, before, given, kept) as KubeObject; // the name is nobody's, so an object stays
    return after === before ? merged : await version.back(after);
  };
  let result = await pruneIn(then, last.fields, owned.get(last.apiVersion) ?? emptySet);
  for (const [apiVersion, fields] of [...owned].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const version = versionOf(apiVersion);
    if (!version || apiVersion === last.apiVersion || result === merged) continue;
    const { removed } = compare(version.schema, await version.from(merged), await version.from(result));
    // Back comes what somebody manages in this version.
    if (!isEmpty(intersection(removed, fields))) result = await pruneIn(version, removed, fields);
  }
  return result;
}
