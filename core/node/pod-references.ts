// The objects that a pod names and its node therefore needs.

import type { V1PodSpec } from '../../generated/kubernetes.ts';
import { claimNameOf } from '../kinds/core/pod/semantics/claims.ts';
import { allContainers } from '../kinds/core/pod/semantics/containers.ts';
import { namedBy } from '../kinds/core/pod/volumes/references.ts';

export type ReferencedResource = 'configmaps' | 'secrets' | 'persistentvolumeclaims';

export interface Reference {
  readonly resource: ReferencedResource;
  /** `namespace/name`. */
  readonly key: string;
}

/** Without doubles. */
export function podReferences(namespace: string, podName: string, spec: V1PodSpec | undefined): Reference[] {
  const found = new Map<string, Reference>();
  const add = (resource: ReferencedResource, name: string | undefined) => {
    if (name) found.set(`${resource}|${name}`, { resource, key: `${namespace}/${name}` });
  };

  if (!spec) return [];
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  for (const volume of spec.volumes ?? []) {
    add('persistentvolumeclaims', claimNameOf(podName, volume));
    const { secrets, configMaps } = namedBy(volume);
    for (const name of configMaps) add('configmaps', name);
    for (const name of secrets) add('secrets', name);
  }
  for (const container of allContainers(spec)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmaps', configMapRef?.name);
      add('secrets', secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name);
      add('secrets', valueFrom?.secretKeyRef?.name);
    }
  }
  return [...found.values()];
}
