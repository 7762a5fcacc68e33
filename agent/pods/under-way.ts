// Whether a status says no more than that a pod is being brought about: nobody acts on it, and the next one follows.

import type { V1ContainerStatus, V1PodStatus } from '../../generated/kubernetes.ts';

const waits = new Set(['ContainerCreating', 'PodInitializing']);

export function isUnderWay(status: V1PodStatus): boolean {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return (
    status.phase === 'Pending' && !status.reason && !status.ephemeralContainerStatuses?.length && all.every(isMade)
  );
}

/** Nothing holds it up, and it has not run yet. */
function isMade({ state, lastState }: V1ContainerStatus): boolean {
  return waits.has(state?.waiting?.reason ?? '') && !state?.waiting?.message && !lastState?.terminated;
}
