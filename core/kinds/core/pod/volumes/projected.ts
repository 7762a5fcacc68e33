// Files of several sources in one volume.

import type { V1VolumeProjection } from '../../../../../generated/kubernetes.ts';
import { filesOf, overlaps, type PlacedFile } from './overlapping-paths.ts';
import { validateProjected } from './projected-sources.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const projected: VolumeTypeOf<'projected'> = {
  validate: (source, { path }) => validateProjected(source, path),
  inline: {
    podSecurity: 'restricted',
    fileWarnings({ sources }, volume) {
      const warnings: string[] = [];
      const placed: PlacedFile[] = [];
      for (const source of sources ?? []) {
        if (isEmpty(source)) warnings.push(`volume ${JSON.stringify(volume)} (Projected) has no sources provided`);
        else placed.push(...projectedFiles(source));
      }
      if (placed.length > 1) warnings.push(...overlaps(volume, 'Projected', undefined, placed));
      return warnings;
    },
  },
};

function isEmpty(source: object): boolean {
  for (const _ in source) return false;
  return true;
}

function projectedFiles(source: V1VolumeProjection): readonly PlacedFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap) return filesOf(configMap.items, 'ConfigMap', configMap.name ?? '');
  if (secret) return filesOf(secret.items, 'Secret', secret.name ?? '');
  if (downwardAPI) return filesOf(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return filesOf([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
    return filesOf([clusterTrustBundle], 'ClusterTrustBundle', name);
  }
  if (!podCertificate) return [];
  return [
    ...filesOf([{ path: podCertificate.certificateChainPath ?? '' }], 'PodCertificate chain'),
    ...filesOf([{ path: podCertificate.keyPath ?? '' }], 'PodCertificate key'),
    ...filesOf([{ path: podCertificate.credentialBundlePath ?? '' }], 'PodCertificate credential bundle'),
  ];
}
