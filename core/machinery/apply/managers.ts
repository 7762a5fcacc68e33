// The managers of an object while a write is worked out, and their form on the wire (metadata.managedFields).

import { deepEqual } from '../equality.ts';
import { type FieldError, invalidValue } from '../field-error.ts';
import type { ManagedFieldsEntry } from '../object.ts';
import type { DifferencesIn } from './differences.ts';
import { difference, emptySet, type FieldSet, isEmpty, unionAll } from './field-set.ts';
import { decodeFields } from './fields-v1.ts';

export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fields: FieldSet;
  /** The entry that it was decoded from, as long as nothing changed: it is written back as it is. */
  readonly entry?: ManagedFieldsEntry;
}

/** By `managerKey`. */
export type Managers = Map<string, Manager>;

/** What tells managers apart. An applier is the same whichever version it applies; an updater is one per version. */
export function managerKey(each: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = each.operation === 'Apply' ? '' : each.apiVersion;
  return `${each.operation} ${version} ${each.subresource ?? ''} ${each.manager}`;
}

/**
 * The managers of a list, or undefined if an entry is invalid. Entries equal to one of `known`, which this server wrote,
 * need no check.
 */
export function decodeManagers(
  entries: readonly ManagedFieldsEntry[],
  known: readonly ManagedFieldsEntry[] = entries,
): Managers | undefined {
  const managers: Managers = new Map();
  for (const [index, entry] of entries.entries()) {
    const own = entries === known ? entry : deepEqual(entry, known[index]) ? known[index]! : undefined;
    const decoded = decodeEntry(own ?? entry, own !== undefined);
    if (!decoded) return undefined;
    managers.set(managerKey(decoded), decoded);
  }
  return managers;
}

/** The list for the wire. Managers that did not change give the entry that they came from. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareManagers).map((each) => {
    if (each.entry) return each.entry;
    const { manager, operation, apiVersion, subresource, time, fields } = each;
    return {
      manager,
      operation,
      apiVersion,
      ...(time !== undefined && { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fields,
      ...(subresource && { subresource }),
    };
  });
}

/** Whether a client asks to forget all managers: a list of one empty entry. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  return entries?.length === 1 && Object.keys(entries[0]!).length === 0;
}

/** Takes what changed from all managers but `self`; those left with none, or of a version that is gone, are gone. */
export function takeFrom(managers: Managers, self: string, differences: DifferencesIn): void {
  for (const [key, manager] of managers) {
    if (key === self) continue;
    const taken = differences(manager.apiVersion);
    const fields = taken ? difference(difference(manager.fields, taken.changed), taken.removed) : emptySet;
    if (fields === manager.fields) continue;
    if (isEmpty(fields)) managers.delete(key);
    else {
      const { entry: _, ...rest } = manager;
      managers.set(key, { ...rest, fields });
    }
  }
}

const maxUpdateManagers = 10;

/** Joins the oldest updaters of a version into one, `ancient-changes`, where there are more than ten: objects stay small. */
export function capUpdateManagers(managers: Managers): void {
  if (managers.size <= maxUpdateManagers) return;
  const updaters = [...managers.entries()].filter(([, each]) => each.operation === 'Update' && !each.subresource);
  if (updaters.length <= maxUpdateManagers) return;
  updaters.sort(([, a], [, b]) => seconds(a) - seconds(b) || compareManagers(a, b));
  let excess = updaters.length - maxUpdateManagers;
  const joined = new Map<string, FieldSet[]>();
  for (const [key, each] of updaters) {
    if (excess <= 0) break;
    const { entry: _, ...rest } = each;
    const bucketKey = managerKey({ ...rest, manager: ancientManager });
    if (bucketKey === key) continue;
    const bucket = managers.get(bucketKey);
    // The first one of a version only changes its name, which saves nothing.
    if (bucket) excess--;
    managers.delete(key);
    const sets = joined.get(bucketKey) ?? (bucket ? [bucket.fields] : []);
    joined.set(bucketKey, sets);
    sets.push(each.fields);
    managers.set(bucketKey, { ...rest, manager: ancientManager, fields: emptySet });
  }
  for (const [key, sets] of joined) {
    const bucket = managers.get(key);
    if (bucket) managers.set(key, { ...bucket, fields: unionAll(sets) });
  }
}

const ancientManager = 'ancient-changes';

/** What is wrong with a `fieldManager`: up to 128 printable characters. */
export function validateManagerName(name: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > 128) {
    errors.push({ type: 'FieldValueTooLong', field: path, message: 'Too long: may not be more than 128 bytes' });
  }
  const bad = [...name].findIndex((char) => /[\p{C}\p{Z}]/u.test(char) && char !== ' ');
  if (bad >= 0) errors.push(invalidValue(path, name, 'should only contain printable characters'));
  return errors;
}

function decodeEntry(entry: ManagedFieldsEntry, trusted: boolean): Manager | undefined {
  const { manager = '', operation, apiVersion, subresource, time, fieldsV1 } = entry;
  if (!apiVersion || (operation !== 'Apply' && operation !== 'Update')) return undefined;
  // What this server wrote is already in the form of a set.
  const fields = trusted ? ((fieldsV1 ?? {}) as FieldSet) : decodeFields(fieldsV1 ?? {});
  if (!fields) return undefined;
  return {
    manager,
    operation,
    apiVersion,
    ...(subresource && { subresource }),
    ...(time !== undefined && { time }),
    fields,
    ...(trusted && { entry }),
  };
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a) - seconds(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource ?? '', b.subresource ?? '')
  );
}

function seconds({ time }: Manager): number {
  const milliseconds = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
