// Makes the claims of pods' generic ephemeral volumes. The pod owns them, so they go with it (KEP-1698).

import { claimNameOf } from '../../core/kinds/core/pod/semantics/claims.ts';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { controllerOf, controllerRef } from './claim-children.ts';
import { type Action, controllerUser, defineController, regarding, splitKey, watch } from './controller.ts';
import type { Pod } from './pod-state.ts';

const claims = 'persistentvolumeclaims';

export const ephemeralVolumeController = defineController({
  name: 'ephemeral-volume',
  user: controllerUser('ephemeral-volume-controller'),
  watches: [
    watch('pods', ({ type, object }) => (type === 'ADDED' && hasEphemeral(object) ? [keyOfPod(object)] : [])),
    // A claim that was deleted while its pod still needs it.
    watch(claims, ({ type, object }) => {
      const owner = type === 'DELETED' ? controllerOf(object) : undefined;
      return owner?.kind === 'Pod' ? [`${object.metadata.namespace}/${owner.name}`] : [];
    }),
  ],
  owns: [claims],
  reconcile(snapshot, key): Action<typeof claims>[] {
    const { namespace, name } = splitKey(key);
    const pod = snapshot.get('pods', namespace, name);
    if (!pod || pod.metadata.deletionTimestamp || isFinished(pod)) return [];
    const about = regarding('v1', 'Pod', pod);
    return (pod.spec?.volumes ?? []).flatMap((volume): Action<typeof claims>[] => {
      const template = volume.ephemeral?.volumeClaimTemplate;
      if (!template) return [];
      const claimName = claimNameOf(name, volume) ?? '';
      const existing = snapshot.get(claims, namespace, claimName);
      if (existing) {
        if (controllerOf(existing)?.uid === pod.metadata.uid) return [];
        const message = `ephemeral volume ${volume.name}: PVC ${claimName} was not created for the pod`;
        return [{ do: 'event', regarding: about, event: { type: 'Warning', reason: 'FailedBinding', message } }];
      }
      const metadata = {
        name: claimName,
        namespace,
        ...(template.metadata?.labels && { labels: template.metadata.labels }),
        ...(template.metadata?.annotations && { annotations: template.metadata.annotations }),
        ownerReferences: [controllerRef('v1', 'Pod', pod)],
      };
      const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: template.spec };
      const message = `ephemeral volume ${volume.name}: create PVC ${claimName}: `;
      const failure = { type: 'Warning' as const, reason: 'FailedBinding', message };
      return [{ do: 'create', type: claims, object, announce: { regarding: about, failure } }];
    });
  },
});

function hasEphemeral({ spec }: Pod): boolean {
  return spec?.volumes?.some((each) => each.ephemeral) === true;
}

function keyOfPod({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
