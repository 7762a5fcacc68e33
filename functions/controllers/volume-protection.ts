// Claims that pods use, and volumes that claims use, stay until nobody does (finalizers pvc-protection and pv-protection).

import type { TypeName } from '../../core/store/store.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  type Live,
  type Snapshot,
  splitKey,
  watch,
  watchSelf,
} from './controller.ts';
import { isFinished } from './pod-state.ts';

const claims = 'persistentvolumeclaims';
const volumes = 'persistentvolumes';

export const claimProtectionController: Controller = {
  name: 'persistentvolumeclaim-protection',
  user: controllerUser('pvc-protection-controller'),
  watches: [
    watchSelf(claims),
    watch('pods', ({ object, type }) => (type === 'DELETED' || isFinished(object) ? claimsOf(object) : [])),
  ],
  reads: ['pods'],
  owns: [claims],
  reconcile(snapshot, key): Action[] {
    const { namespace, name } = splitKey(key);
    const claim = snapshot.get(claims, namespace, name);
    return claim ? protect(claims, claim, 'kubernetes.io/pvc-protection', isMounted(snapshot, namespace, key)) : [];
  },
};

export const volumeProtectionController: Controller = {
  name: 'persistentvolume-protection',
  user: controllerUser('pv-protection-controller'),
  watches: [watchSelf(volumes)],
  owns: [volumes],
  reconcile(snapshot, name): Action[] {
    const volume = snapshot.get(volumes, '', name);
    return volume ? protect(volumes, volume, 'kubernetes.io/pv-protection', volume.status?.phase === 'Bound') : [];
  },
};

function protect(type: TypeName, object: Live<object>, finalizer: string, used: boolean): Action[] {
  const { namespace = '', name, uid, resourceVersion, finalizers = [], deletionTimestamp } = object.metadata;
  const has = finalizers.includes(finalizer);
  const wanted = deletionTimestamp ? has && used : true;
  if (has === wanted) return [];
  const next = wanted ? [...finalizers, finalizer] : finalizers.filter((each) => each !== finalizer);
  const body = { metadata: { uid, resourceVersion, finalizers: next } };
  return [{ do: 'patch', type, namespace, name, patchType: 'merge', body }];
}

interface Mounting {
  metadata: { namespace?: string };
  spec?: { volumes?: { persistentVolumeClaim?: { claimName: string } }[] };
}

function claimsOf(pod: Mounting): string[] {
  return (pod.spec?.volumes ?? []).flatMap((each) =>
    each.persistentVolumeClaim ? [`${pod.metadata.namespace}/${each.persistentVolumeClaim.claimName}`] : [],
  );
}

/** A pod without a node mounts nothing. */
function isMounted(snapshot: Snapshot, namespace: string, key: string): boolean {
  return snapshot
    .list('pods', namespace)
    .some((each) => each.spec?.nodeName && !isFinished(each) && claimsOf(each).includes(key));
}
