// Who set which field, for writes that are not applies: what changed between two objects goes to the manager that changed it.
// Runs on every write, so it walks only where the two objects differ.

import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { Schema } from '../schema.ts';
import { atOnce, type Steps } from '../steps.ts';
import { differencesIn, differencesInSteps, type Views } from './differences.ts';
import type { FieldSet } from './field-set.ts';
import { difference, emptySet, isEmpty, union } from './field-set.ts';
import {
  capUpdateManagers,
  decodeManagers,
  encodeManagers,
  isReset,
  type Managers,
  managerKey,
  takeFrom,
} from './managers.ts';

export interface TrackRequest {
  readonly schema: Schema;
  /** The stored object, or undefined on creation. */
  readonly live: KubeObject | undefined;
  /** The object after defaulting and before admission. Its own managedFields count as the client's wish. */
  readonly object: KubeObject;
  /** `fieldManager`, or what `defaultManager` makes of the user agent. */
  readonly manager: string;
  readonly subresource?: string;
  /** The apiVersion of the request, such as `apps/v1`. */
  readonly apiVersion: string;
  /** Now, as RFC 3339 in seconds. */
  readonly time: string;
  /** Subtrees that this endpoint never changes, such as `setOf(['f:status'])` on the main resource: not owned through it. */
  readonly resetFields?: FieldSet;
  /** The object in the other versions that managers wrote in; absent where all wrote in the request's. */
  readonly views?: Views;
}

/**
 * The managedFields of an object that was created, updated or patched. Entries whose fields did not change stay as they
 * are, with their time; entries without fields go. `managedFields: [{}]` in the object resets them, `[]` or none keeps the
 * stored ones. Of the stored and the sent list, the sent one counts where it is valid.
 */
export function trackUpdate(request: TrackRequest): ManagedFieldsEntry[] {
  return atOnce(trackingUpdate(request));
}

/** As `trackUpdate`, in steps. */
export function* trackingUpdate(request: TrackRequest): Steps<ManagedFieldsEntry[]> {
  const { schema, live, object, manager, subresource, apiVersion, time } = request;
  const sent = object.metadata.managedFields;
  if (isReset(sent)) return [];
  const managers = startFrom(sent, live?.metadata.managedFields ?? [], subresource !== undefined);
  // An object whose managers were forgotten stays untracked until somebody applies.
  if (live && managers.size === 0) return [];

  const reset = request.resetFields ?? emptySet;
  yield;
  const own = yield* differencesInSteps(schema, live ?? emptyObject, object, reset);
  yield;
  const { changed, removed } = own;
  const identity = { manager, operation: 'Update' as const, apiVersion, ...(subresource && { subresource }) };
  const self = managerKey(identity);
  takeFrom(managers, self, differencesIn(apiVersion, own, request.views, reset));

  yield;
  const before = managers.get(self)?.fields ?? emptySet;
  const fields = union(difference(before, removed), changed);
  if (isEmpty(fields)) managers.delete(self);
  // To change a field that is one's own already is a change too, and renews the time.
  else if (!isEmpty(changed) || fields !== before) managers.set(self, { ...identity, time, fields });
  capUpdateManagers(managers);
  return encodeManagers(managers);
}

/** The manager's name for a request that gave no `fieldManager`: the user agent up to its first slash, 128 characters at most. */
export function defaultManager(userAgent: string): string {
  return userAgent.split('/')[0]!.slice(0, 128);
}

const emptyObject: KubeObject = { metadata: {} };

function startFrom(
  sent: ManagedFieldsEntry[] | undefined,
  stored: ManagedFieldsEntry[],
  keepStored: boolean,
): Managers {
  // A subresource cannot set managedFields; most clients send back what they read, or nothing.
  if (!keepStored && sent && sent.length > 0 && sent !== stored) {
    const asked = decodeManagers(sent, stored);
    if (asked) return asked;
  }
  return decodeManagers(stored) ?? new Map();
}
