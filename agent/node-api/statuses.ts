// What the statuses of the node's pods say of their containers.

import type { NodeApiContext } from './context.ts';

/** What the pods' statuses say of containers, by id. */
export function statuses({ pods }: Pick<NodeApiContext, 'pods'>) {
  const found = new Map<string, { readonly image: string; readonly startedAt?: number }>();
  for (const { status } of pods())
    for (const { containerID, image, state } of [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ]) {
      if (!containerID) continue;
      const at = state?.running?.startedAt;
      found.set(containerID.replace(/^[^:]*:\/\//, ''), { image, ...(at && { startedAt: Date.parse(at) }) });
    }
  return found;
}
