// Taking one change back: a JSON Patch of what it changed and nothing else. What somebody changed since is theirs: then it is refused, by the
// names of those fields.

import { deepEqual } from '../../core/machinery/equality.ts';
import { type FieldChange, fieldChanges, isObject, nameOf, pathText, type Step, valueAt } from './field-changes.ts';

export type PatchOperation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export type Undoing =
  /** Fields that were changed again since. */
  | { readonly kind: 'conflict'; readonly fields: readonly string[] }
  /** It is as it was before already, or the change is nobody's to take back: of the status alone. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'patch'; readonly operations: readonly PatchOperation[] };

/** What a client may write: not the status, and not when it was to be deleted. */
export function undoable(before: unknown, after: unknown): FieldChange[] {
  const isOthers = ({ path: [first, second] }: FieldChange) =>
    isField(first, 'status') ||
    (isField(first, 'metadata') &&
      (isField(second, 'deletionTimestamp') || isField(second, 'deletionGracePeriodSeconds')));
  return fieldChanges(before, after).filter((change) => !isOthers(change));
}

/** `present`: as it is now; the patch holds for exactly that. */
export function undo(before: unknown, after: unknown, present: unknown): Undoing {
  const open: FieldChange[] = [];
  const conflicts: string[] = [];
  for (const change of undoable(before, after)) {
    const now = valueAt(present, change.path);
    if (deepEqual(now, change.before)) continue;
    if (deepEqual(now, change.after)) open.push(change);
    else conflicts.push(pathText(change.path));
  }
  if (conflicts.length > 0) return { kind: 'conflict', fields: conflicts };
  if (open.length === 0) return { kind: 'nothing' };
  const revision = valueAt(present, [{ field: 'metadata' }, { field: 'resourceVersion' }]);
  const operations: PatchOperation[] = [{ op: 'test', path: '/metadata/resourceVersion', value: revision }];
  // Elements that are to go leave last, the hindmost first: until then all others stand where they do now.
  const changed = open.map((change) => operationOf(present, change));
  const removed = changed.filter((each) => each.op === 'remove');
  operations.push(...changed.filter((each) => each.op !== 'remove'));
  operations.push(...removed.sort((a, b) => b.path.localeCompare(a.path, 'en', { numeric: true })));
  return { kind: 'patch', operations };
}

/** A deleted object as it can be created again. */
export function recreated(last: unknown): unknown {
  if (!isObject(last)) return last;
  const { status: _, metadata, ...rest } = last;
  const {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
    selfLink,
    ...kept
  } = isObject(metadata) ? metadata : {};
  return { ...rest, metadata: kept };
}

function operationOf(present: unknown, { path, before, after }: FieldChange): PatchOperation {
  const last = path.at(-1);
  if (before === undefined) return { op: 'remove', path: pointer(present, path) };
  if (after !== undefined) return { op: 'replace', path: pointer(present, path), value: before };
  // An element of a list comes back at its end.
  const parent = pointer(present, path.slice(0, -1));
  if (last && 'element' in last) return { op: 'add', path: `${parent}/-`, value: before };
  return { op: 'add', path: `${parent}/${escaped(last?.field ?? '')}`, value: before };
}

/** RFC 6901. */
function pointer(object: unknown, path: readonly Step[]): string {
  let text = '';
  for (const [at, step] of path.entries()) {
    if ('field' in step) text += `/${escaped(step.field)}`;
    else {
      const list = valueAt(object, path.slice(0, at));
      text += `/${Array.isArray(list) ? list.findIndex((each) => nameOf(each) === step.element) : 0}`;
    }
  }
  return text;
}

function escaped(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isField(step: Step | undefined, name: string): boolean {
  return step !== undefined && 'field' in step && step.field === name;
}
