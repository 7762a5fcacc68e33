// The objects that a pod names and its node therefore needs.

import type { V1PodSpec } from '../../generated/kubernetes.ts';

import { allContainers } from '../kinds/core/pod/semantics/containers.ts';
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
    add('configmaps', volume.configMap?.name);
    add('secrets', volume.secret?.secretName);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add('persistentvolumeclaims', `${podName}-${volume.name}`);
    add('secrets', volume.csi?.nodePublishSecretRef?.name);
    for (const source of volume.projected?.sources ?? []) {
      add('configmaps', source.configMap?.name);
      add('secrets', source.secret?.name);
    }
    for (const driver of [
      volume.azureFile,
      volume.cephfs,
      volume.rbd,
      volume.iscsi,
      volume.flexVolume,
      volume.scaleIO,
      volume.storageos,
    ])
      if (driver) add('secrets', secretOf(driver));
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

function secretOf(driver: { secretRef?: { name?: string }; secretName?: string }): string | undefined {
  return driver.secretRef?.name ?? driver.secretName;
}
