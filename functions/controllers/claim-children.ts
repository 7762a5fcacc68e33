// Which children a controller has: those that it controls and still selects. It adopts matching orphans and releases
// children that no longer match (Kubernetes' controller reference rules).

import type { OwnerReference } from '../../core/machinery/object.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { Action, LabelSelector, Live, ObjectOf, Snapshot } from './controller.ts';
import { isEmptySelector, matchesSelector } from './label-selector.ts';

export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Live<object>;
  readonly selector: LabelSelector | undefined;
}

export interface Claimed<T extends TypeName> {
  /** Controlled by the owner, orphans that it is about to adopt among them. */
  readonly children: ObjectOf<T>[];
  readonly actions: Action[];
}

export function controllerRef(apiVersion: string, kind: string, owner: Live<object>): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function controllerOf(object: {
  metadata?: { ownerReferences?: OwnerReference[] };
}): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((each) => each.controller);
}

export function claimChildren<T extends TypeName>(snapshot: Snapshot, type: T, owner: Owner): Claimed<T> {
  const { object, selector, apiVersion, kind } = owner;
  const { uid, namespace = '', deletionTimestamp } = object.metadata;
  const children: ObjectOf<T>[] = [];
  const actions: Action[] = [];
  for (const child of snapshot.ownedBy(type, uid)) {
    if (controllerOf(child)?.uid !== uid) continue;
    if (matchesSelector(selector, child.metadata.labels)) children.push(child);
    else if (!deletionTimestamp && !child.metadata.deletionTimestamp) {
      actions.push(ownersPatch(type, child, child.metadata.ownerReferences?.filter((each) => each.uid !== uid) ?? []));
    }
  }
  if (deletionTimestamp || isEmptySelector(selector)) return { children, actions };
  for (const orphan of snapshot.list(type, namespace, selector)) {
    if (controllerOf(orphan) || orphan.metadata.deletionTimestamp) continue;
    const others = orphan.metadata.ownerReferences?.filter((each) => each.uid !== uid) ?? [];
    actions.push(ownersPatch(type, orphan, [...others, controllerRef(apiVersion, kind, object)]));
    children.push(orphan);
  }
  return { children, actions };
}

/** The resourceVersion in the patch is a condition: somebody else may adopt it at the same time. */
function ownersPatch<T extends TypeName>(type: T, child: ObjectOf<T>, ownerReferences: OwnerReference[]): Action {
  const { namespace = '', name, uid, resourceVersion } = child.metadata;
  return {
    do: 'patch',
    type,
    namespace,
    name,
    patchType: 'merge',
    body: { metadata: { uid, resourceVersion, ownerReferences } },
  };
}

/** Keys of those parents in the object's namespace that would adopt it: an orphan that appears or changes wakes them. */
export function adopters<T extends TypeName>(
  snapshot: Snapshot,
  parents: T,
  child: Live<object>,
  selectorOf: (parent: ObjectOf<T>) => LabelSelector | undefined,
): string[] {
  if (controllerOf(child)) return [];
  const { namespace = '', labels } = child.metadata;
  return snapshot
    .list(parents, namespace)
    .filter((each) => {
      const selector = selectorOf(each);
      return !isEmptySelector(selector) && matchesSelector(selector, labels);
    })
    .map((each) => `${namespace}/${each.metadata.name}`);
}
