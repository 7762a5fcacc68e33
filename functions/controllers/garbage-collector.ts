// The garbage collector: objects whose owners are gone go too; foreground deletion waits for dependents, orphaning lets them live.
// Kubernetes' "Garbage collection" concept page. A key is `<type> <namespace/name>`.

import type { OwnerReference } from '../../core/machinery/object.ts';
import type { TypeName } from '../../core/store/store.ts';
import {
  type Action,
  controllerUser,
  defineController,
  groupOf,
  keyOf,
  type Live,
  regarding,
  type ServedType,
  type Snapshot,
  splitKey,
} from './controller.ts';
import { deleteWithPreconditions, patchWithPreconditions } from './preconditions.ts';

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

type Stored = Live<{ kind?: string; apiVersion?: string }>;

interface Node {
  readonly type: TypeName;
  readonly object: Stored;
}

export const garbageCollector = defineController({
  name: 'garbage-collector',
  user: controllerUser('generic-garbage-collector'),
  watches: [
    {
      type: '*',
      keys: ({ type: event, object }, snapshot, type) => {
        const keys: string[] = [];
        const { metadata } = object;
        const leaving = metadata.deletionTimestamp !== undefined;
        if (event !== 'DELETED' && (metadata.ownerReferences?.length || (leaving && metadata.finalizers?.length))) {
          keys.push(`${type} ${keyOf(object)}`);
        }
        // Whoever depends on it looks again when it goes, or starts to wait for them.
        if (event === 'DELETED' || (leaving && metadata.finalizers?.includes(foreground))) {
          for (const each of dependentsOf(snapshot, object)) keys.push(`${each.type} ${keyOf(each.object)}`);
        }
        // An owner may be waiting for this one.
        if (event === 'DELETED' || leaving) {
          for (const reference of metadata.ownerReferences ?? []) {
            const owner = ownerOf(snapshot, reference, metadata.namespace);
            if (owner.found?.metadata.deletionTimestamp) keys.push(`${owner.type} ${keyOf(owner.found)}`);
          }
        }
        return keys;
      },
    },
  ],
  owns: ['*'],
  reconcile(snapshot, key): Action<TypeName>[] {
    const space = key.indexOf(' ');
    const type = key.slice(0, space);
    const { namespace, name } = splitKey(key.slice(space + 1));
    // Any type: only metadata is looked at.
    const object = snapshot.get(type, namespace, name) as Stored | undefined;
    if (!object) return [];
    const { deletionTimestamp, finalizers } = object.metadata;
    if (deletionTimestamp && finalizers?.includes(orphan)) return orphanDependents(snapshot, type, object);
    if (deletionTimestamp && finalizers?.includes(foreground)) return finishForeground(snapshot, type, object);
    return deletionTimestamp ? [] : collect(snapshot, type, object);
  },
});

/**
 * What names it as an owner, and could: from another namespace nobody has an owner there. Who may only write elsewhere holds up no
 * deletion here.
 */
function dependentsOf(snapshot: Snapshot<TypeName>, { metadata: { uid, namespace } }: Stored): Node[] {
  return snapshot.types.flatMap(({ type }) =>
    snapshot
      .ownedBy(type, uid)
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .map((object) => ({ type, object })),
  );
}

interface Owner {
  readonly reference: OwnerReference;
  readonly type?: TypeName;
  readonly served?: ServedType;
  readonly namespace: string;
  readonly found?: Stored;
}

function ownerOf(snapshot: Snapshot<TypeName>, reference: OwnerReference, namespace = ''): Owner {
  const group = groupOf(reference.apiVersion);
  const served = snapshot.types.find((each) => each.group === group && each.kind === reference.kind);
  if (!served) return { reference, namespace };
  const within = served.namespaced ? namespace : '';
  const object = snapshot.get(served.type, within, reference.name) as Stored | undefined;
  const found = object?.metadata.uid === reference.uid ? object : undefined;
  return { reference, type: served.type, served, namespace: within, ...(found && { found }) };
}

function collect(snapshot: Snapshot<TypeName>, type: TypeName, object: Stored): Action<TypeName>[] {
  const { ownerReferences = [], namespace = '', finalizers } = object.metadata;
  const owners = ownerReferences.map((each) => ownerOf(snapshot, each, namespace));
  // A cluster-scoped object cannot be owned by a namespaced one, and an owner of a type that nobody serves cannot be looked up.
  const misplaced = owners.find((each) => !namespace && each.served?.namespaced);
  if (misplaced && !owners.some((each) => each.found)) {
    const { kind, name: owner } = misplaced.reference;
    const message = `ownerRef [${misplaced.reference.apiVersion}/${kind}, name: ${owner}, uid: ${misplaced.reference.uid}] is namespaced, but its dependent is not`;
    const about = regarding(object.apiVersion ?? 'v1', object.kind ?? '', object);
    return [{ do: 'event', regarding: about, event: { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message } }];
  }
  const unknown = owners.some((each) => !each.type);
  const absent = owners.filter((each) => each.type && !each.found && (namespace || !each.served?.namespaced));
  const waiting = owners.filter((each) => isWaiting(each.found));
  const solid = owners.filter((each) => each.found && !isWaiting(each.found));
  if (!absent.length && !waiting.length) return [];
  // The view of the owner's type may be behind that of the dependent's: the absence is confirmed before anything is done.
  const proofs: Action<TypeName>[] = absent.flatMap((each): Action<TypeName>[] =>
    each.type
      ? [
          {
            do: 'expectAbsent',
            type: each.type,
            namespace: each.namespace,
            name: each.reference.name,
            uid: each.reference.uid,
          },
        ]
      : [],
  );
  if (solid.length || unknown) {
    const gone = new Set([...absent, ...waiting].map((each) => each.reference.uid));
    const kept = ownerReferences.filter((each) => !gone.has(each.uid));
    return [
      ...proofs,
      { do: 'barrier' },
      patchWithPreconditions(type, object, { metadata: { ownerReferences: kept } }),
    ];
  }
  const dependents = waiting.length > 0 ? dependentsOf(snapshot, object) : [];
  // A circle: what waits for this one would wait for itself. Its owners need not wait for it any more; then it goes like any other.
  if (dependents.some((each) => isWaiting(each.object)) && ownerReferences.some((each) => each.blockOwnerDeletion)) {
    const unblocked = ownerReferences.map((each) => ({ ...each, blockOwnerDeletion: false }));
    return [
      ...proofs,
      { do: 'barrier' },
      patchWithPreconditions(type, object, { metadata: { ownerReferences: unblocked } }),
    ];
  }
  const propagationPolicy =
    dependents.length > 0 || finalizers?.includes(foreground)
      ? 'Foreground'
      : finalizers?.includes(orphan)
        ? 'Orphan'
        : 'Background';
  return [...proofs, { do: 'barrier' }, deleteWithPreconditions(type, object, propagationPolicy)];
}

function isWaiting(owner: Stored | undefined): boolean {
  return owner?.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(foreground) === true;
}

function finishForeground(snapshot: Snapshot<TypeName>, type: TypeName, object: Stored): Action<TypeName>[] {
  const { uid, finalizers = [] } = object.metadata;
  const blocking = dependentsOf(snapshot, object).some((each) =>
    each.object.metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion),
  );
  if (blocking) return [];
  return [
    patchWithPreconditions(type, object, {
      metadata: { finalizers: finalizers.filter((each) => each !== foreground) },
    }),
  ];
}

function orphanDependents(snapshot: Snapshot<TypeName>, type: TypeName, object: Stored): Action<TypeName>[] {
  const { uid, finalizers = [] } = object.metadata;
  const releases = dependentsOf(snapshot, object).map((each) => {
    const kept = each.object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
    return patchWithPreconditions(each.type, each.object, { metadata: { ownerReferences: kept } });
  });
  return [
    ...releases,
    { do: 'barrier' },
    patchWithPreconditions(type, object, { metadata: { finalizers: finalizers.filter((each) => each !== orphan) } }),
  ];
}
