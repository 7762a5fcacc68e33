// Which children a controller has: those that it controls and still selects. It adopts matching orphans and releases
// children that no longer match (Kubernetes' controller reference rules).

import type { OwnerReference } from '../../core/machinery/object.ts';
import type { TypeName } from '../../core/store/store.ts';
import {
  type Action,
  type LabelSelector,
  type Live,
  type ObjectOf,
  type Snapshot,
  type WatchRule,
  watch,
} from './controller.ts';
import { isEmptySelector, matchesSelector } from './label-selector.ts';
import { patchWithPreconditions } from './preconditions.ts';

export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Live<object>;
  readonly selector: LabelSelector | undefined;
  /** What its children are held by while they are its own: adopted ones get it, released ones lose it. */
  readonly finalizer?: string;
}

export interface Claimed<T extends TypeName> {
  /** Controlled by the owner, orphans that it is about to adopt among them. */
  readonly children: ObjectOf<T>[];
  readonly actions: Action<T>[];
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

export function claimChildren<T extends TypeName>(snapshot: Snapshot<T>, type: T, owner: Owner): Claimed<T> {
  const { object, selector, apiVersion, kind, finalizer } = owner;
  const { uid, namespace = '', deletionTimestamp } = object.metadata;
  const children: ObjectOf<T>[] = [];
  const actions: Action<T>[] = [];
  for (const child of snapshot.ownedBy(type, uid)) {
    if (controllerOf(child)?.uid !== uid) continue;
    if (matchesSelector(selector, child.metadata.labels)) children.push(child);
    else if (!deletionTimestamp && !child.metadata.deletionTimestamp) {
      const others = child.metadata.ownerReferences?.filter((each) => each.uid !== uid) ?? [];
      const finalizers = child.metadata.finalizers?.filter((each) => each !== finalizer);
      const released = { ownerReferences: others, ...(finalizer && finalizers && { finalizers }) };
      actions.push(patchWithPreconditions(type, child, { metadata: released }));
    }
  }
  if (deletionTimestamp || isEmptySelector(selector)) return { children, actions };
  for (const orphan of snapshot.list(type, namespace, selector)) {
    if (controllerOf(orphan) || orphan.metadata.deletionTimestamp) continue;
    const others = orphan.metadata.ownerReferences?.filter((each) => each.uid !== uid) ?? [];
    const ownerReferences = [...others, controllerRef(apiVersion, kind, object)];
    const finalizers = finalizer && [...new Set([...(orphan.metadata.finalizers ?? []), finalizer])];
    actions.push(
      patchWithPreconditions(type, orphan, { metadata: { ownerReferences, ...(finalizers && { finalizers }) } }),
    );
    children.push(orphan);
  }
  return { children, actions };
}

/** An orphan that appears or changes wakes those parents in its namespace that would adopt it. */
export function watchOrphans<C extends TypeName, T extends TypeName>(
  children: C,
  parents: T,
  selectorOf: (parent: ObjectOf<T>) => LabelSelector | undefined,
): WatchRule<C, C | T> {
  return watch(children, ({ object, type }, snapshot: Snapshot<C | T>) => {
    if (type === 'DELETED' || controllerOf(object)) return [];
    const { namespace = '', labels } = object.metadata;
    return snapshot
      .list(parents, namespace)
      .filter((each) => {
        const selector = selectorOf(each);
        return !isEmptySelector(selector) && matchesSelector(selector, labels);
      })
      .map((each) => `${namespace}/${each.metadata.name}`);
  });
}
