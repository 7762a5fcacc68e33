// Makes the ResourceClaims that pods ask for by template, lets a claim go when the pods that it is reserved for have ended, and
// removes the claims that were made for them (dynamic resource allocation: KEP-4381).
//
// A key is `pod/<namespace>/<name>` or `claim/<namespace>/<name>`.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { suffixOf } from './child-name.ts';
import { controllerOf, controllerRef } from './claim-children.ts';
import {
  type Action,
  controllerUser,
  defineController,
  keyOf,
  type ObjectOf,
  regarding,
  type Snapshot,
  splitKey,
  watch,
} from './controller.ts';
import type { Pod } from './pod-state.ts';
import { patchWithPreconditions } from './preconditions.ts';

type Wanted = Action<typeof type | 'pods'>;

const type = 'resource.k8s.io/resourceclaims';
const templates = 'resource.k8s.io/resourceclaimtemplates';
/** Which of its pod's claims a claim was made for. */
const podClaimName = 'resource.kubernetes.io/pod-claim-name';
/** Held by a claim that is allocated, so that its devices are not forgotten while it is deleted. */
const deleteProtection = 'resource.kubernetes.io/delete-protection';

type Claim = ObjectOf<typeof type>;
type PodClaim = NonNullable<NonNullable<Pod['spec']>['resourceClaims']>[number];
type ClaimStatus = NonNullable<NonNullable<Pod['status']>['resourceClaimStatuses']>[number];

export const resourceClaimController = defineController({
  name: 'resourceclaim',
  user: controllerUser('resource-claim-controller'),
  watches: [
    watch('pods', ({ type: change, object: pod, previous }, snapshot: Snapshot<typeof type>) => {
      if (!pod.spec?.resourceClaims?.length) return [];
      if (change === 'DELETED') return claimKeysOf(pod, snapshot);
      const asks = previous ? [] : [`pod/${keyOf(pod)}`];
      return hasEnded(pod) ? claimKeysOf(pod, snapshot) : asks;
    }),
    watch(type, ({ type: change, object: claim }) => {
      const owner = controllerOf(claim);
      const pod = owner?.kind === 'Pod' ? [`pod/${claim.metadata.namespace}/${owner.name}`] : [];
      // One that was deleted while its pod still needs it is made anew.
      return change === 'DELETED' ? pod : [`claim/${keyOf(claim)}`];
    }),
    // A template that comes later than its pods.
    watch(templates, ({ type: change, object: { metadata } }, snapshot: Snapshot<'pods'>) =>
      change === 'ADDED'
        ? snapshot
            .list('pods', metadata.namespace)
            .filter(({ spec }) =>
              spec?.resourceClaims?.some((each) => each.resourceClaimTemplateName === metadata.name),
            )
            .map((pod) => `pod/${keyOf(pod)}`)
        : [],
    ),
  ],
  owns: [type, 'pods'],
  reconcile(snapshot, key): Wanted[] {
    const slash = key.indexOf('/');
    const { namespace, name } = splitKey(key.slice(slash + 1));
    if (key.startsWith('pod/')) {
      const pod = snapshot.get('pods', namespace, name);
      return pod ? makeClaims(snapshot, pod) : [];
    }
    const claim = snapshot.get(type, namespace, name);
    return claim ? letGo(snapshot, claim) : [];
  },
});

/** Will never run again, or never did and never will. */
function hasEnded(pod: Pod): boolean {
  return isFinished(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName);
}

function claimKeysOf(pod: Pod, snapshot: Snapshot<'resource.k8s.io/resourceclaims'>): string[] {
  const { namespace = '' } = pod.metadata;
  return (pod.spec?.resourceClaims ?? []).flatMap((wanted) => {
    const name = wanted.resourceClaimName ?? claimMadeFor(snapshot, pod, wanted)?.metadata.name;
    return name ? [`claim/${namespace}/${name}`] : [];
  });
}

function claimMadeFor(
  snapshot: Snapshot<'resource.k8s.io/resourceclaims'>,
  pod: Pod,
  { name }: PodClaim,
): Claim | undefined {
  return snapshot
    .ownedBy(type, pod.metadata.uid)
    .find((each) => isMadeFor(each, pod) && each.metadata.annotations?.[podClaimName] === name);
}

function isMadeFor(claim: Claim, { metadata: { uid } }: Pod): boolean {
  return controllerOf(claim)?.uid === uid && !claim.metadata.deletionTimestamp;
}

function makeClaims(
  snapshot: Snapshot<'resource.k8s.io/resourceclaims' | 'resource.k8s.io/resourceclaimtemplates'>,
  pod: Pod,
): Wanted[] {
  if (pod.metadata.deletionTimestamp || isFinished(pod)) return [];
  const { namespace = '', name, uid } = pod.metadata;
  const made: Wanted[] = [];
  const events: Wanted[] = [];
  const statuses: ClaimStatus[] = [];
  for (const wanted of pod.spec?.resourceClaims ?? []) {
    if (wanted.resourceClaimTemplateName === undefined) continue;
    const existing = claimMadeFor(snapshot, pod, wanted);
    const claimName = existing?.metadata.name ?? freeName(snapshot, pod, wanted);
    if (!existing) {
      const template = snapshot.get(templates, namespace, wanted.resourceClaimTemplateName);
      const about = regarding('v1', 'Pod', pod);
      if (!template) {
        const message = `PodResourceClaim ${wanted.name}: resource claim template "${wanted.resourceClaimTemplateName}" not found`;
        events.push({ do: 'event', regarding: about, event: { ...failed, message } });
        continue;
      }
      const failure = { ...failed, message: `PodResourceClaim ${wanted.name}: create ResourceClaim ${claimName}: ` };
      const object = claimOf(template, pod, wanted, claimName);
      made.push({ do: 'create', type, object, announce: { regarding: about, failure } });
    }
    const known = pod.status?.resourceClaimStatuses?.find((each) => each.name === wanted.name);
    if (known?.resourceClaimName !== claimName) statuses.push({ name: wanted.name, resourceClaimName: claimName });
  }
  if (statuses.length === 0) return [...made, ...events];
  const body = { metadata: { uid }, status: { resourceClaimStatuses: statuses } };
  const patch = {
    do: 'patch',
    type: 'pods',
    namespace,
    name,
    patchType: 'strategic',
    subresource: 'status',
    body,
  } as const;
  // A pod names only claims that there are.
  return [...events, ...made, ...(made.length > 0 ? [{ do: 'barrier' } as const] : []), patch];
}

const failed = { type: 'Warning', reason: 'FailedResourceClaimCreation' } as const;

/** A function of pod and claim, so that two controllers make it once (D4). */
function freeName(
  snapshot: Snapshot<'resource.k8s.io/resourceclaims'>,
  { metadata: { namespace = '', name, uid } }: Pod,
  wanted: PodClaim,
): string {
  for (let slot = 0; ; slot++) {
    const claimName = `${prefixOf(name, wanted)}${suffixOf(`${uid}/${wanted.name}/${slot}`)}`;
    if (!snapshot.get(type, namespace, claimName)) return claimName;
  }
}

/** As Kubernetes shortens generated names: 63 characters with the suffix. */
function prefixOf(pod: string, { name }: PodClaim): string {
  return `${pod}-${name}-`.slice(0, 63 - 5);
}

function claimOf(template: ObjectOf<typeof templates>, pod: Pod, wanted: PodClaim, name: string): object {
  const { labels, annotations } = template.spec?.metadata ?? {};
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      name,
      generateName: prefixOf(pod.metadata.name, wanted),
      namespace: pod.metadata.namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [podClaimName]: wanted.name },
      ownerReferences: [controllerRef('v1', 'Pod', pod)],
    },
    spec: template.spec?.spec,
  };
}

/** One step at a time: each wakes the next. */
function letGo(snapshot: Snapshot<'pods'>, claim: Claim): Wanted[] {
  const { namespace = '', name, uid, finalizers = [], deletionTimestamp } = claim.metadata;
  const { allocation, reservedFor = [] } = claim.status ?? {};
  const left = reservedFor.filter((each) => {
    // Only whoever reserved it for something else knows whether that has ended.
    if (each.apiGroup || each.resource !== 'pods') return true;
    const pod = snapshot.get('pods', namespace, each.name);
    return pod?.metadata.uid === each.uid && !hasEnded(pod);
  });
  // Only what the scheduler allocated, which its finalizer says, is deallocated by forgetting it.
  const isProtected = finalizers.includes(deleteProtection);
  const deallocate = left.length === 0 && allocation !== undefined && isProtected;
  if (left.length < reservedFor.length || deallocate) {
    const status = { reservedFor: left.length > 0 ? left : null, ...(deallocate && { allocation: null }) };
    return [patchWithPreconditions(type, claim, { status }, 'status')];
  }
  if (isProtected && allocation === undefined) {
    return [
      patchWithPreconditions(type, claim, {
        metadata: { finalizers: finalizers.filter((each) => each !== deleteProtection) },
      }),
    ];
  }
  if (left.length > 0 || deletionTimestamp || !outlivesItsPod(snapshot, claim)) return [];
  return [{ do: 'delete', type, namespace, name, options: { preconditions: { uid } } }];
}

/** Made for a pod that is there but will not run any more. When the pod is gone the garbage collector takes it. */
function outlivesItsPod(snapshot: Snapshot<'pods'>, claim: Claim): boolean {
  const owner = controllerOf(claim);
  if (owner?.kind !== 'Pod') return false;
  const pod = snapshot.get('pods', claim.metadata.namespace ?? '', owner.name);
  return pod?.metadata.uid === owner.uid && hasEnded(pod);
}
