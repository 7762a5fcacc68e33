// Who owns an object's replicas, as its Scale shows them, and back. Source: Kubernetes' managedfields.ScaleHandler.

import { difference, isEmpty, isMember, setOf } from '../../machinery/apply/field-set.ts';
import {
  decodeManagers,
  encodeManagers,
  type Manager,
  type Managers,
  managerKey,
} from '../../machinery/apply/managers.ts';
import type { ManagedFieldsEntry } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';

/** Where an object has its replicas, as fields of a set are named. */
export interface ReplicasPlace {
  readonly apiVersion: string;
  readonly path: readonly string[];
}

const ofScale = { apiVersion: 'autoscaling/v1', fields: setOf(['f:spec', 'f:replicas']) };

/** The managers of a Scale: who owns the object's replicas. */
export function ownersOfScale(entries: readonly ManagedFieldsEntry[], { path }: ReplicasPlace): ManagedFieldsEntry[] {
  const managers: Managers = new Map();
  for (const each of (decodeManagers(entries) ?? new Map<string, Manager>()).values()) {
    if (!owns(each, path)) continue;
    const { entry: _, ...rest } = each;
    const shown: Manager = { ...rest, ...ofScale };
    managers.set(managerKey(shown), shown);
  }
  return encodeManagers(managers);
}

/** The managers of the object, of whose replicas `scale` tells who owns them now. As in Kubernetes, new ones come without a time. */
export function ownersOfObject(
  entries: readonly ManagedFieldsEntry[],
  scale: readonly ManagedFieldsEntry[],
  { apiVersion, path }: ReplicasPlace,
): ManagedFieldsEntry[] {
  const field = setOf(path.map((each) => `f:${each}`));
  const owners: Managers = new Map();
  for (const each of (decodeManagers(scale) ?? new Map<string, Manager>()).values())
    if (owns(each, ['spec', 'replicas'])) owners.set(managerKey(each), each);
  const managers: Managers = new Map();
  for (const each of (decodeManagers(entries) ?? new Map<string, Manager>()).values()) {
    const { entry: _, ...rest } = each;
    const kept = !owns(each, path) || owners.delete(managerKey({ ...each, apiVersion: ofScale.apiVersion }));
    const fields = kept ? each.fields : difference(each.fields, field);
    if (!isEmpty(fields)) managers.set(managerKey(each), kept ? each : { ...rest, fields });
  }
  for (const { entry: _, time: __, ...rest } of owners.values()) {
    const owner: Manager = { ...rest, apiVersion, fields: field };
    managers.set(managerKey(owner), owner);
  }
  return encodeManagers(managers);
}

function owns({ fields }: Manager, path: readonly string[]): boolean {
  let at = fields;
  for (const part of path) {
    const below = getOwn(at, `f:${part}`);
    if (!below) return false;
    at = below;
  }
  return isMember(at);
}
