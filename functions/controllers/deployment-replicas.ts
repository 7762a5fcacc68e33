// The arithmetic of a Deployment's rollout: how many replicas each ReplicaSet may have next. Pure numbers, no objects but ReplicaSets.

import { scaledValue } from '../../core/machinery/int-or-string.ts';
import type { ObjectOf } from './controller.ts';

export type Deployment = ObjectOf<'apps/deployments'>;
export type ReplicaSet = ObjectOf<'apps/replicasets'>;

export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

export function replicasOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

export function desiredOf(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

export function sum(sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number = replicasOf): number {
  return sets.reduce((total, each) => total + of(each), 0);
}

export function isRolling(deployment: Deployment): boolean {
  return deployment.spec?.strategy?.type !== 'Recreate';
}

/** Both resolved to numbers; when both come out as zero nothing could move, so one unavailable is allowed. */
export function bounds(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  const desired = desiredOf(deployment);
  if (!isRolling(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const maxSurge = scaledValue(rolling?.maxSurge ?? '25%', desired, 'up');
  const maxUnavailable = scaledValue(rolling?.maxUnavailable ?? '25%', desired, 'down');
  if (!maxSurge && !maxUnavailable) return { maxSurge, maxUnavailable: Math.min(1, desired) };
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, desired) };
}

/** What a new ReplicaSet may have now, given what all of them ask for. */
export function newReplicas(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const desired = desiredOf(deployment);
  if (!isRolling(deployment)) return desired;
  const room = desired + bounds(deployment).maxSurge - sum(all);
  if (room <= 0) return current;
  return current + Math.min(room, desired - current);
}

/** The next sizes of old ReplicaSets in a rolling update: unhealthy pods go first, then as many as availability allows. */
export function oldReplicas(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  next: ReplicaSet | undefined,
): Map<ReplicaSet, number> {
  const sizes = new Map<ReplicaSet, number>();
  const all = next ? [...old, next] : [...old];
  const minAvailable = desiredOf(deployment) - bounds(deployment).maxUnavailable;
  // A status may still count pods that a smaller size has given up already.
  const available = (set: ReplicaSet) => Math.min(set.status?.availableReplicas ?? 0, replicasOf(set));
  const newUnavailable = next ? replicasOf(next) - available(next) : 0;
  const most = sum(all) - minAvailable - newUnavailable;
  if (most <= 0) return sizes;
  const oldest = [...old].sort(byAge);
  let cleaned = 0;
  for (const set of oldest) {
    const unhealthy = Math.min(most - cleaned, replicasOf(set) - available(set));
    if (unhealthy <= 0) continue;
    sizes.set(set, replicasOf(set) - unhealthy);
    cleaned += unhealthy;
  }
  let spare = sum(all, available) - minAvailable;
  for (const set of oldest) {
    if (spare <= 0) break;
    const size = sizes.get(set) ?? replicasOf(set);
    const fewer = Math.min(size, spare);
    if (!fewer) continue;
    sizes.set(set, size - fewer);
    spare -= fewer;
  }
  return sizes;
}

/** A change of `spec.replicas` in the middle of a rollout is spread over the ReplicaSets in proportion to their sizes. */
export function proportionalReplicas(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const desired = desiredOf(deployment);
  const allowed = desired > 0 ? desired + bounds(deployment).maxSurge : 0;
  const toAdd = allowed - sum(active);
  const largestFirst = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)),
  );
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const set of largestFirst) {
    const size = replicasOf(set);
    let change = 0;
    if (toAdd !== 0) {
      const left = toAdd - added;
      const share = fraction(deployment, set);
      change = toAdd > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
    }
    sizes.set(set, size + change);
    added += change;
  }
  const [largest] = largestFirst;
  if (largest) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  return sizes;
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const desired = desiredOf(deployment);
  const size = replicasOf(set);
  if (!desired) return -size;
  const annotated = Number(set.metadata.annotations?.[maxReplicasAnnotation]);
  const before = annotated || deployment.status?.replicas || 0;
  if (!before) return 0;
  return Math.round((size * (desired + bounds(deployment).maxSurge)) / before) - size;
}

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const left = a.metadata.creationTimestamp ?? '';
  const right = b.metadata.creationTimestamp ?? '';
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
