// The containers of a pod: which there are, and which of them stay. Source: KEP-753 (sidecar containers).

import type { V1Container, V1PodSpec } from '../../../../../generated/kubernetes.ts';

type Containers = Pick<V1PodSpec, 'initContainers' | 'ephemeralContainers'> & { readonly containers?: V1Container[] };

/** An init container that is restarted whenever it ends: the next ones start beside it, and it stays beside the pod's containers. */
export function isSidecar(initContainer: V1Container): boolean {
  return initContainer.restartPolicy === 'Always';
}

export function sidecarsOf(spec: Containers | undefined): V1Container[] {
  return (spec?.initContainers ?? []).filter(isSidecar);
}

/** Those that the pod is made with: containers, then init containers. */
export function ownContainers(spec: Containers | undefined): V1Container[] {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
}

/** What runs while the pod does: containers, then sidecars. */
export function lastingContainers(spec: Containers | undefined): V1Container[] {
  return [...(spec?.containers ?? []), ...sidecarsOf(spec)];
}

/** Ephemeral ones too, which have the fields of a container. */
export function allContainers(spec: Containers | undefined): V1Container[] {
  return [...ownContainers(spec), ...(spec?.ephemeralContainers ?? [])];
}
