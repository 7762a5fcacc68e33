// Claims that pods use, volumes that claims use, and attribute classes that either uses stay until nobody does (finalizers
// pvc-protection, pv-protection and vac-protection).

import { claimNames } from '../../core/kinds/core/pod/semantics/claims.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import type { TypeName } from '../../core/store/store.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type Live,
  type ObjectOf,
  type Snapshot,
  splitKey,
  watch,
  watchSelf,
} from './controller.ts';
import type { Pod } from './pod-state.ts';
import { patchWithPreconditions } from './preconditions.ts';

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';

export const claimProtectionController = defineController({
  name: 'persistentvolumeclaim-protection',
  user: controllerUser('pvc-protection-controller'),
  watches: [
    watchSelf(claims),
    watch('pods', ({ object, type }) => (type === 'DELETED' || isFinished(object) ? claimsOf(object) : [])),
  ],
  reads: ['pods'],
  owns: [claims],
  reconcile(snapshot, key): Action<typeof claims>[] {
    const { namespace, name } = splitKey(key);
    const claim = snapshot.get(claims, namespace, name);
    return claim
      ? protect(claims, claim, 'kubernetes.io/pvc-protection', () => isMounted(snapshot, namespace, key))
      : [];
  },
});

export const volumeProtectionController = defineController({
  name: 'persistentvolume-protection',
  user: controllerUser('pv-protection-controller'),
  watches: [watchSelf(volumes)],
  owns: [volumes],
  reconcile(snapshot, name): Action<typeof volumes>[] {
    const volume = snapshot.get(volumes, '', name);
    return volume
      ? protect(volumes, volume, 'kubernetes.io/pv-protection', () => volume.status?.phase === 'Bound')
      : [];
  },
});

const attributeClasses = 'storage.k8s.io/volumeattributesclasses';

export const attributesClassProtectionController = defineController({
  name: 'volumeattributesclass-protection',
  user: controllerUser('volumeattributesclass-protection-controller'),
  watches: [
    watchSelf(attributeClasses),
    watch(claims, ({ object, previous }) => [...classesOf(object), ...(previous ? classesOf(previous) : [])]),
    watch(volumes, ({ object, previous }) =>
      [object, previous].flatMap((each) => each?.spec?.volumeAttributesClassName ?? []),
    ),
  ],
  owns: [attributeClasses],
  reconcile(snapshot, name): Action<typeof attributeClasses>[] {
    const found = snapshot.get(attributeClasses, '', name);
    if (!found) return [];
    const used = () =>
      snapshot.list(claims).some((each) => classesOf(each).includes(name)) ||
      snapshot.list(volumes).some((each) => each.spec?.volumeAttributesClassName === name);
    return protect(attributeClasses, found, 'kubernetes.io/vac-protection', used);
  },
});

/** What a claim asks for, has, and is on its way to (KEP-3751). */
function classesOf({ spec, status }: ObjectOf<typeof claims>): string[] {
  const target = status?.modifyVolumeStatus?.targetVolumeAttributesClassName;
  return [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, target].filter(
    (each) => each !== undefined,
  );
}

function protect<T extends TypeName>(
  type: T,
  object: Live<object>,
  finalizer: string,
  used: () => boolean,
): Action<T>[] {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const has = finalizers.includes(finalizer);
  const wanted = deletionTimestamp ? has && used() : true;
  if (has === wanted) return [];
  const next = wanted ? [...finalizers, finalizer] : finalizers.filter((each) => each !== finalizer);
  return [patchWithPreconditions(type, object, { metadata: { finalizers: next } })];
}

function claimsOf(pod: Pod): string[] {
  return claimNames(pod.metadata.name, pod.spec?.volumes).map((name) => `${pod.metadata.namespace}/${name}`);
}

/** A pod without a node mounts nothing. */
function isMounted(snapshot: Snapshot<'pods'>, namespace: string, key: string): boolean {
  return snapshot
    .list('pods', namespace)
    .some((each) => each.spec?.nodeName && !isFinished(each) && claimsOf(each).includes(key));
}
