// The Secrets that a PersistentVolume names, which whoever mounts it needs.

import type { V1PersistentVolume } from '../../generated/kubernetes.ts';
import { persistentSecretsOf } from '../kinds/core/pod/volumes/references.ts';

/** As `namespace/name`. A reference without a namespace means that of the volume's claim. */
export function volumeSecrets({ spec }: V1PersistentVolume): string[] {
  if (!spec) return [];
  const own = spec.claimRef?.namespace;
  return persistentSecretsOf(spec).flatMap(({ name, namespace }) => {
    const found = namespace || own;
    return name && found ? [`${found}/${name}`] : [];
  });
}
