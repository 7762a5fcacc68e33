// The pods and claims of a StatefulSet: an ordinal gives both their names.

import { isActive } from '../../core/kinds/core/pod/semantics/state.ts';
import type { V1PodTemplateSpec } from '../../generated/kubernetes.ts';
import { controllerRef } from './claim-children.ts';
import { sameJson } from './condition.ts';
import { type Action, type ObjectOf, regarding, type Snapshot } from './controller.ts';
import type { Pod } from './pod-state.ts';
import { patchWithPreconditions } from './preconditions.ts';
import { podOf } from './replicas.ts';
import { revisionHashLabel } from './revision-history.ts';

type Wanted = Action<'pods' | 'persistentvolumeclaims'>;

export type StatefulSet = ObjectOf<'apps/statefulsets'>;

/** The ordinal in a pod's name, or undefined when the pod is not one of this set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const stem = `${set.metadata.name}-`;
  if (!pod.metadata.name.startsWith(stem)) return undefined;
  const ordinal = pod.metadata.name.slice(stem.length);
  return /^(0|[1-9]\d*)$/.test(ordinal) ? Number(ordinal) : undefined;
}

export function startOf(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

function claimName(template: string, set: StatefulSet, ordinal: number): string {
  return `${template}-${set.metadata.name}-${ordinal}`;
}

export function createPod(
  snapshot: Snapshot<'persistentvolumeclaims'>,
  set: StatefulSet,
  ordinal: number,
  template: V1PodTemplateSpec,
  revision: string,
): Wanted[] {
  const { namespace = '', name } = set.metadata;
  const pod = podOf(template, namespace);
  const podName = `${name}-${ordinal}`;
  const claims = set.spec?.volumeClaimTemplates ?? [];
  const actions: Wanted[] = [];
  for (const claim of claims) {
    const pvc = claimName(claim.metadata?.name ?? '', set, ordinal);
    if (snapshot.get('persistentvolumeclaims', namespace, pvc)) continue;
    const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
    const owned = policy?.whenDeleted === 'Delete';
    actions.push({
      do: 'create',
      type: 'persistentvolumeclaims',
      object: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: pvc,
          namespace,
          labels: { ...claim.metadata?.labels, ...set.spec?.selector.matchLabels },
          ...(claim.metadata?.annotations && { annotations: claim.metadata.annotations }),
          ...(owned && { ownerReferences: [controllerRef('apps/v1', 'StatefulSet', set)] }),
        },
        spec: claim.spec,
      },
      existsIsFine: true,
      announce: {
        regarding: regarding('apps/v1', 'StatefulSet', set),
        success: {
          type: 'Normal',
          reason: 'SuccessfulCreate',
          message: `create Claim ${pvc} Pod ${podName} in StatefulSet ${name} success`,
        },
        failure: {
          type: 'Warning',
          reason: 'FailedCreate',
          message: `create Claim ${pvc} for Pod ${podName} in StatefulSet ${name} failed error: `,
        },
      },
    });
  }
  if (actions.length) actions.push({ do: 'barrier' });
  const { metadata, spec } = pod;
  if (spec) {
    spec.hostname = podName;
    if (set.spec?.serviceName) spec.subdomain = set.spec.serviceName;
    const names = new Set(claims.map((each) => each.metadata?.name));
    const volumes = (spec.volumes ?? []).filter((each) => !names.has(each.name));
    for (const claim of claims) {
      const volume = claim.metadata?.name ?? '';
      volumes.push({ name: volume, persistentVolumeClaim: { claimName: claimName(volume, set, ordinal) } });
    }
    if (volumes.length) spec.volumes = volumes;
  }
  const labels = {
    ...metadata.labels,
    'statefulset.kubernetes.io/pod-name': podName,
    'apps.kubernetes.io/pod-index': String(ordinal),
    [revisionHashLabel]: revision,
  };
  const ownerReferences = [controllerRef('apps/v1', 'StatefulSet', set)];
  actions.push({
    do: 'create',
    type: 'pods',
    object: { ...pod, metadata: { ...metadata, name: podName, generateName: `${name}-`, labels, ownerReferences } },
    announce: announcement(set, 'create', podName),
  });
  return actions;
}

export function removePod(set: StatefulSet, { metadata: { namespace = '', name, uid } }: Pod): Action<'pods'> {
  const announce = announcement(set, 'delete', name);
  return { do: 'delete', type: 'pods', namespace, name, options: { preconditions: { uid } }, announce };
}

function announcement(set: StatefulSet, verb: 'create' | 'delete', pod: string) {
  const what = verb === 'create' ? 'Create' : 'Delete';
  const text = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
  return {
    regarding: regarding('apps/v1', 'StatefulSet', set),
    success: { type: 'Normal', reason: `Successful${what}`, message: `${text} successful` },
    failure: { type: 'Warning', reason: `Failed${what}`, message: `${text} failed error: ` },
  } as const;
}

/** Who owns the claims, by the retention policy: the set when it is deleted with its claims, the pod when it is scaled away (KEP-1847). */
export function claimOwnership(
  snapshot: Snapshot<'persistentvolumeclaims'>,
  set: StatefulSet,
  pods: ReadonlyMap<number, Pod>,
): Wanted[] {
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  if (!policy) return [];
  const { namespace = '', uid } = set.metadata;
  const end = startOf(set) + (set.spec?.replicas ?? 1);
  const actions: Wanted[] = [];
  for (const [ordinal, pod] of pods) {
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      const claim = snapshot.get(
        'persistentvolumeclaims',
        namespace,
        claimName(template.metadata?.name ?? '', set, ordinal),
      );
      if (!claim) continue;
      const condemned = ordinal >= end || ordinal < startOf(set);
      const before = claim.metadata.ownerReferences ?? [];
      const others = before.filter((each) => each.uid !== uid && each.uid !== pod.metadata.uid);
      const wanted = [...others];
      if (policy.whenScaled === 'Delete' && condemned) wanted.push(plainRef('v1', 'Pod', pod));
      else if (policy.whenDeleted === 'Delete') wanted.push(controllerRef('apps/v1', 'StatefulSet', set));
      if (sameJson(before, wanted)) continue;
      actions.push(patchWithPreconditions('persistentvolumeclaims', claim, { metadata: { ownerReferences: wanted } }));
    }
  }
  return actions;
}

function plainRef(apiVersion: string, kind: string, { metadata: { name, uid } }: Pod) {
  return { apiVersion, kind, name, uid };
}

export function isRunningAndReady(pod: Pod): boolean {
  return (
    isActive(pod) &&
    pod.status?.phase === 'Running' &&
    pod.status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true
  );
}
