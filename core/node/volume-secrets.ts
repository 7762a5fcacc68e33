// The Secrets that a PersistentVolume names, which whoever mounts it needs.

import type { V1PersistentVolume } from '../../generated/kubernetes.ts';

interface SecretReference {
  readonly namespace?: string;
  readonly name?: string;
}

/** As `namespace/name`. A reference without a namespace means that of the volume's claim. */
export function volumeSecrets({ spec }: V1PersistentVolume): string[] {
  if (!spec) return [];
  const own = spec.claimRef?.namespace;
  const { azureFile, csi } = spec;
  const references: (SecretReference | undefined)[] = [
    azureFile && { namespace: azureFile.secretNamespace ?? '', name: azureFile.secretName },
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.iscsi?.secretRef,
    spec.storageos?.secretRef,
    csi?.controllerPublishSecretRef,
    csi?.controllerExpandSecretRef,
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ];
  return references.flatMap((reference) => {
    const namespace = reference?.namespace || own;
    return reference?.name && namespace ? [`${namespace}/${reference.name}`] : [];
  });
}
