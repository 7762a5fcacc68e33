// The Secrets that a PersistentVolume names, which whoever mounts it needs.

import type { V1PersistentVolume } from '../../generated/kubernetes.ts';
import { sourcesOf } from '../kinds/core/pod/volumes/volume-types.ts';

/** As `namespace/name`. A reference without a namespace means that of the volume's claim. */
export function volumeSecrets({ spec }: V1PersistentVolume): string[] {
  if (!spec) return [];
  const own = spec.claimRef?.namespace;
  return sourcesOf(spec).flatMap(({ type, source }) =>
    (type.persistent?.secrets?.(source) ?? []).flatMap((reference) => {
      const namespace = reference?.namespace || own;
      return reference?.name && namespace ? [`${namespace}/${reference.name}`] : [];
    }),
  );
}
