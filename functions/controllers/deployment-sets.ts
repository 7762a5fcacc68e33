// What a Deployment writes: its ReplicaSets, made, annotated, resized and cleaned up, and its own revision.

import { sameJson } from './condition.ts';
import { type Action, regarding } from './controller.ts';
import { byAge, type Deployment, type ReplicaSet, replicasOf } from './deployment-replicas.ts';
import {
  newAnnotations,
  type newReplicaSet,
  revisionAnnotation,
  revisionOf,
  sizeAnnotations,
} from './deployment-revision.ts';
import { deleteWithPreconditions, patchWithPreconditions } from './preconditions.ts';

type Wanted = Action<typeof sets | 'apps/deployments'>;

const sets = 'apps/replicasets';

/** Makes the ReplicaSet of a new template. */
export function createSet(deployment: Deployment, set: ReturnType<typeof newReplicaSet>): Wanted[] {
  const { name, annotations } = set.metadata;
  const { replicas } = set.spec;
  return [
    {
      do: 'create',
      type: sets,
      object: set,
      announce: {
        regarding: regarding('apps/v1', 'Deployment', deployment),
        ...(replicas > 0 && {
          success: {
            type: 'Normal',
            reason: 'ScalingReplicaSet',
            message: `Scaled up replica set ${name} from 0 to ${replicas}`,
          },
        }),
        failure: {
          type: 'Warning',
          reason: 'ReplicaSetCreateError',
          message: `Failed to create new replica set "${name}": `,
        },
      },
    },
    ...setRevision(deployment, annotations[revisionAnnotation] ?? '1'),
  ];
}

/** The new ReplicaSet as its annotations and minReadySeconds should be, and the writes that make it so. */
export function annotate(deployment: Deployment, next: ReplicaSet, old: readonly ReplicaSet[]) {
  const annotations = newAnnotations(deployment, next, old);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const same =
    sameJson(annotations, next.metadata.annotations ?? {}) && (next.spec?.minReadySeconds ?? 0) === minReadySeconds;
  const set: ReplicaSet = same
    ? next
    : {
        ...next,
        metadata: { ...next.metadata, annotations },
        spec: { ...next.spec!, minReadySeconds },
      };
  const changes: Wanted[] = same ? [] : [{ do: 'update', type: sets, object: set }];
  changes.push(...setRevision(deployment, annotations[revisionAnnotation] ?? '1'));
  return { changes, set };
}

export function resize(deployment: Deployment, set: ReplicaSet, replicas: number): Wanted[] {
  const before = replicasOf(set);
  const sizes = sizeAnnotations(deployment);
  const annotations = { ...set.metadata.annotations, ...sizes };
  const changed = before !== replicas;
  if (!changed && sameJson(annotations, set.metadata.annotations)) return [];
  const object = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec!, replicas } };
  const direction = replicas > before ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
  return [
    {
      do: 'update',
      type: sets,
      object,
      ...(changed && {
        announce: {
          regarding: regarding('apps/v1', 'Deployment', deployment),
          success: { type: 'Normal', reason: 'ScalingReplicaSet', message },
        },
      }),
    },
  ];
}

/** Old ReplicaSets beyond `revisionHistoryLimit` go, the lowest revisions first. */
export function cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): Wanted[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  if (limit === 2147483647) return [];
  const alive = old.filter((each) => !each.metadata.deletionTimestamp);
  const excess = alive.length - limit;
  if (excess <= 0) return [];
  return [...alive]
    .sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byAge(a, b))
    .slice(0, excess)
    .filter(
      (each) =>
        !each.status?.replicas &&
        replicasOf(each) === 0 &&
        (each.metadata.generation ?? 0) <= (each.status?.observedGeneration ?? 0),
    )
    .map((each) => deleteWithPreconditions(sets, each, 'Background'));
}

function setRevision(deployment: Deployment, revision: string): Wanted[] {
  if (deployment.metadata.annotations?.[revisionAnnotation] === revision) return [];
  return [
    patchWithPreconditions('apps/deployments', deployment, {
      metadata: { annotations: { [revisionAnnotation]: revision } },
    }),
  ];
}
