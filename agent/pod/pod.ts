// A pod as the agent works with it: what the API always sets is not optional, and its containers are listed in one way.

import { allContainers, isSidecar } from '../../core/kinds/core/pod/semantics/containers.ts';
import type { ObjectMeta } from '../../core/machinery/object.ts';
import type { V1Container, V1Pod, V1PodSpec } from '../../generated/kubernetes.ts';
import { isFileName } from '../files/paths.ts';

export type Pod = V1Pod & {
  metadata: ObjectMeta & { name: string; namespace: string; uid: string };
  spec: V1PodSpec;
};

export type ContainerKind = 'init' | 'sidecar' | 'app' | 'ephemeral';

export interface PodContainer {
  readonly kind: ContainerKind;
  readonly name: string;
  readonly spec: V1Container;
  /** Of an ephemeral container: the container whose process namespace it joins. */
  readonly target?: string;
}

/** Undefined for an object that is no complete pod, or has names that cannot be those of files: a node keeps all of a pod by them. */
export function asPod(object: V1Pod): Pod | undefined {
  const { metadata, spec } = object;
  if (!spec || !metadata?.name || !metadata.namespace || !metadata.uid) return undefined;
  const names = [...allContainers(spec), ...(spec.volumes ?? [])].map(({ name }) => name);
  if (![metadata.name, metadata.namespace, metadata.uid, ...names].every(isFileName)) return undefined;
  // Checked just above.
  return object as Pod;
}

/** In the order in which they start. A restartable init container is a sidecar (KEP-753). */
export function podContainers(pod: Pod): PodContainer[] {
  return [
    ...(pod.spec.initContainers ?? []).map((spec) => ({
      kind: isSidecar(spec) ? ('sidecar' as const) : ('init' as const),
      name: spec.name,
      spec,
    })),
    ...pod.spec.containers.map((spec) => ({ kind: 'app' as const, name: spec.name, spec })),
    ...(pod.spec.ephemeralContainers ?? []).map((spec) => ({
      kind: 'ephemeral' as const,
      name: spec.name,
      // An ephemeral container has the fields of a container but for its target.
      spec,
      ...(spec.targetContainerName && { target: spec.targetContainerName }),
    })),
  ];
}
