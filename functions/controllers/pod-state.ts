// What controllers ask about a pod beside its state: is it available, and how often has it started anew.

import { conditionOf, isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import type { ObjectOf } from './controller.ts';

export type Pod = ObjectOf<'pods'>;

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: V1Pod, minReadySeconds: number, now: number): boolean {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'True') return false;
  if (!minReadySeconds) return true;
  const since = Date.parse(ready.lastTransitionTime ?? '');
  return Number.isFinite(since) && since + minReadySeconds * 1000 <= now;
}

/** When the next of these pods becomes available, in milliseconds from now; undefined when none is on its way. */
export function untilAvailable(pods: readonly V1Pod[], minReadySeconds: number, now: number): number | undefined {
  if (!minReadySeconds) return undefined;
  let soonest: number | undefined;
  for (const pod of pods) {
    if (!isReady(pod) || isAvailable(pod, minReadySeconds, now)) continue;
    const since = Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '');
    const left = (Number.isFinite(since) ? since : now) + minReadySeconds * 1000 - now;
    if (soonest === undefined || left < soonest) soonest = left;
  }
  return soonest;
}

export function restarts(pod: V1Pod): number {
  let most = 0;
  for (const each of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
    most = Math.max(most, each.restartCount ?? 0);
  }
  return most;
}
