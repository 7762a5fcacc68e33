// Server-side apply (KEP-555): joins an applied configuration into the stored object, and says who owns what afterwards.

import { deepEqual } from '../equality.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { Schema } from '../schema.ts';
import { badRequest } from '../status.ts';
import { atOnce, type Steps } from '../steps.ts';
import { omitEmpty } from '../structure/prune.ts';
import { compare, fieldsOf } from './compare.ts';
import { applyConflict, type FieldConflict } from './conflict.ts';
import { type Differences, type DifferencesIn, differencesIn, differencesInSteps, type Views } from './differences.ts';
import {
  emptySet,
  type FieldSet,
  intersection,
  isEmpty,
  members,
  pathString,
  setsEqual,
  union,
  unionAll,
  withoutSubtrees,
} from './field-set.ts';
import { allowedByLastApplied, withLastApplied } from './last-applied.ts';
import { decodeManagers, encodeManagers, type Manager, type Managers, managerKey, takeFrom } from './managers.ts';
import { mergeApplied, prune } from './merge.ts';

export interface ApplyRequest {
  readonly schema: Schema;
  /** The stored object in the version of the request, or undefined when the apply creates it. Parts of it become parts of the result. */
  readonly live: KubeObject | undefined;
  /** The configuration as the client sent it, decoded; neither defaulted nor pruned of what it does not say. */
  readonly applied: KubeObject;
  /** `fieldManager`, which an apply must have. */
  readonly manager: string;
  readonly subresource?: string;
  /** The apiVersion of the request, such as `apps/v1`. */
  readonly apiVersion: string;
  /** Take over fields of others instead of failing. */
  readonly force: boolean;
  /** Now, as RFC 3339 in seconds. */
  readonly time: string;
  /** Subtrees that this endpoint never changes, such as `setOf(['f:status'])` on the main resource: not owned through it. */
  readonly resetFields?: FieldSet;
  /** The object or the configuration is large: whoever else waits has a turn between steps. */
  readonly large?: boolean;
}

/**
 * The object after the apply, with its managedFields, before defaulting and admission. It is `live` itself when the apply
 * changes nothing. Fails with Conflict (a cause for each field that another manager set to another value), or BadRequest.
 */
export function apply(request: ApplyRequest): KubeObject {
  return atOnce(applying(request));
}

/** As `apply`, in steps. */
export function* applying(request: ApplyRequest): Steps<KubeObject> {
  const begun = yield* beginApply(request);
  const { merged, last, managers } = begun;
  yield;
  // Both are maps, so the merge is one; what identifies the object is never pruned, because no manager owns it.
  const object = last ? (prune(request.schema, merged, last.fields, ownedByAll(managers)) as KubeObject) : merged;
  yield;
  return yield* finishApply(request, begun, object, undefined);
}

/** An apply half done: merged, with the applier's new fields among the managers, and nothing pruned or compared. */
export interface Begun {
  readonly live: KubeObject;
  readonly merged: KubeObject;
  readonly managers: Managers;
  /** What the applier managed until now. */
  readonly last: Manager | undefined;
}

export function* beginApply(request: ApplyRequest): Steps<Begun> {
  const { schema, applied, apiVersion, time } = request;
  if (applied.metadata.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const live = request.live ?? { ...pick(applied), metadata: pickName(applied) };
  const stored = live.metadata.managedFields ?? [];
  const managers = decodeManagers(stored) ?? new Map();
  if (managers.size === 0 && request.live) addEarlierFields(managers, schema, live, apiVersion);

  yield;
  const fields = withoutSubtrees(fieldsOf(schema, applied), request.resetFields ?? emptySet);
  const identity = identityOf(request);
  const last = managers.get(managerKey(identity));
  managers.set(managerKey(identity), { ...identity, time, fields });
  yield;
  const merged = mergeApplied(schema, live, applied) as KubeObject; // both are maps
  yield;
  omitEmpty(schema, merged);
  return { live, merged, managers, last };
}

/** `views`: the object in the other versions that managers wrote in; undefined where all wrote in the request's. */
export function* finishApply(
  request: ApplyRequest,
  { live, managers, last }: Begun,
  object: KubeObject,
  views: Views | undefined,
): Steps<KubeObject> {
  const { schema, apiVersion, force } = request;
  const self = managerKey(identityOf(request));
  const reset = request.resetFields ?? emptySet;
  const own = yield* differencesInSteps(schema, live, object, reset);
  yield;
  const differences = differencesIn(apiVersion, own, views, reset);
  if (!force) {
    const conflicts = withoutAllowed(request, live, findConflicts(managers, self, differences));
    if (conflicts.length > 0) throw applyConflict(conflicts);
  }
  yield;
  takeFrom(managers, self, differences);
  yield;
  keepUnchanged(request, own, managers, last);
  yield;
  const told = request.subresource ? object : withLastApplied(object, request.applied, request.manager);
  // Where fields differ, the objects do: that needs no second look.
  const mayBeSame = isEmpty(own.changed) && isEmpty(own.removed);
  return withManagers(told, encodeManagers(managers), mayBeSame ? request.live : undefined);
}

/** Conflicts about what the applier had applied client-side are none. */
function withoutAllowed(
  { schema, manager, apiVersion }: ApplyRequest,
  live: KubeObject,
  conflicts: readonly FieldConflict[],
): readonly FieldConflict[] {
  if (conflicts.length === 0) return conflicts;
  const allowed = allowedByLastApplied(schema, live, manager, apiVersion);
  if (isEmpty(allowed)) return conflicts;
  const paths = new Set(Array.from(members(allowed), pathString));
  return conflicts.filter(({ path }) => !paths.has(path));
}

/** An apply that says what the last one said keeps its entry, with its time; one that says nothing has none. */
function keepUnchanged(
  request: ApplyRequest,
  { changed, removed }: Differences,
  managers: Managers,
  last: Manager | undefined,
): void {
  const self = managerKey(identityOf(request));
  const fields = managers.get(self)?.fields ?? emptySet;
  if (isEmpty(fields)) managers.delete(self);
  else if (
    last?.entry &&
    setsEqual(last.fields, fields) &&
    last.apiVersion === request.apiVersion &&
    isEmpty(changed) &&
    isEmpty(removed)
  ) {
    managers.set(self, last);
  }
}

function withManagers(
  object: KubeObject,
  managedFields: ManagedFieldsEntry[],
  live: KubeObject | undefined,
): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  const result: KubeObject = {
    ...object,
    metadata: { ...metadata, ...(managedFields.length > 0 && { managedFields }) },
  };
  return live && deepEqual(result, live) ? live : result;
}

function identityOf({ manager, apiVersion, subresource }: ApplyRequest) {
  return { manager, operation: 'Apply' as const, apiVersion, ...(subresource && { subresource }) };
}

/** The name under which fields are kept that were set before anybody applied, when nobody was recorded. */
const beforeFirstApply = 'before-first-apply';

function addEarlierFields(managers: Managers, schema: Schema, live: KubeObject, apiVersion: string): void {
  const { added, modified } = compare(schema, { metadata: {} }, live);
  const fields = union(added, modified);
  if (isEmpty(fields)) return;
  const earlier: Manager = { manager: beforeFirstApply, operation: 'Update', apiVersion, fields };
  managers.set(managerKey(earlier), earlier);
}

function ownedByAll(managers: Managers): FieldSet {
  const sets: FieldSet[] = [];
  for (const { fields } of managers.values()) sets.push(fields);
  return unionAll(sets);
}

function findConflicts(managers: Managers, self: string, differences: DifferencesIn): FieldConflict[] {
  const conflicts: FieldConflict[] = [];
  for (const [key, manager] of managers) {
    if (key === self) continue;
    const changed = differences(manager.apiVersion)?.changed ?? emptySet;
    for (const path of members(intersection(manager.fields, changed)))
      conflicts.push({ manager, path: pathString(path) });
  }
  return conflicts;
}

function pick({ apiVersion, kind }: KubeObject): Pick<KubeObject, 'apiVersion' | 'kind'> {
  return { ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }) };
}

function pickName({ metadata: { name, namespace } }: KubeObject): KubeObject['metadata'] {
  return { ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) };
}
