// Warnings about volumes: types that are gone, and files that would lie at or below one another.

import type { V1Volume, V1VolumeProjection } from '../../../../generated/kubernetes.ts';
import { warnOfClaim } from '../../rules/claim-warnings.ts';

const gone = new Map([
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo: deprecated in v1.11'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker: deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
]);

/** Of a volume, and of a PersistentVolume's spec, whose sources are the same. */
export function warnOfGoneType(source: object, path: string): string[] {
  const warnings: string[] = [];
  for (const field in source) {
    const message = gone.get(field);
    if (message !== undefined) warnings.push(`${path}.${message}`);
  }
  return warnings;
}

function hasGoneType(source: object): boolean {
  for (const field in source) if (gone.has(field)) return true;
  return false;
}

export function warnOfVolumes(volumes: readonly V1Volume[], path: string): string[] {
  const warnings: string[] = [];
  volumes.forEach((volume, index) => {
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    if (hasGoneType(volume)) warnings.push(...warnOfGoneType(volume, `${path}[${index}]`));
    if (claim) warnings.push(...warnOfClaim(claim, `${path}[${index}].ephemeral.volumeClaimTemplate.spec`));
  });
  for (const volume of volumes) warnings.push(...warnOfOverlaps(volume));
  return warnings;
}

/** Each file is compared with each: of a volume with more these are reported. */
const mostCompared = 500;

interface PlacedFile {
  readonly path: string;
  /** Nothing where the volume has one source. */
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

function warnOfOverlaps({ name, configMap, secret, downwardAPI, projected }: V1Volume): string[] {
  if (configMap) return overlaps(name, 'ConfigMap', configMap.name ?? '', files(configMap.items));
  if (secret) return overlaps(name, 'Secret', secret.secretName ?? '', files(secret.items));
  if (downwardAPI) return overlaps(name, 'DownwardAPI', undefined, files(downwardAPI.items));
  if (!projected?.sources) return [];
  const warnings: string[] = [];
  const placed: PlacedFile[] = [];
  for (const source of projected.sources) {
    if (isEmpty(source)) warnings.push(`volume ${JSON.stringify(name)} (Projected) has no sources provided`);
    else placed.push(...projectedFiles(source));
  }
  if (placed.length > 1) warnings.push(...overlaps(name, 'Projected', undefined, placed));
  return warnings;
}

function isEmpty(source: object): boolean {
  for (const _ in source) return false;
  return true;
}

function projectedFiles(source: V1VolumeProjection): readonly PlacedFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap) return files(configMap.items, 'ConfigMap', configMap.name ?? '');
  if (secret) return files(secret.items, 'Secret', secret.name ?? '');
  if (downwardAPI) return files(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return files([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle) {
    const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
    return files([clusterTrustBundle], 'ClusterTrustBundle', name);
  }
  if (!podCertificate) return [];
  return [
    ...files([{ path: podCertificate.certificateChainPath ?? '' }], 'PodCertificate chain'),
    ...files([{ path: podCertificate.keyPath ?? '' }], 'PodCertificate key'),
    ...files([{ path: podCertificate.credentialBundlePath ?? '' }], 'PodCertificate credential bundle'),
  ];
}

function files(
  items: readonly { readonly path: string }[] | undefined,
  kind?: string,
  name?: string,
): readonly PlacedFile[] {
  const placed: PlacedFile[] = [];
  for (const { path } of items ?? []) if (path) placed.push({ path, kind, name });
  return placed;
}

/** Two files that are one, or of which one would be the other's folder. */
function overlaps(volume: string, kind: string, name: string | undefined, all: readonly PlacedFile[]): string[] {
  const warnings: string[] = [];
  all.slice(0, mostCompared).forEach((file, index) => {
    for (let before = 0; before < index; before++) {
      const other = all[before]!;
      if (isWithin(file.path, other.path) || isWithin(other.path, file.path))
        warnings.push(
          `volume ${JSON.stringify(volume)} (${sourceOf(kind, name)}): overlapping paths: ${written(file)} with ${written(other)}`,
        );
    }
  });
  return warnings;
}

function isWithin(path: string, folder: string): boolean {
  const whole = withoutSlash(folder);
  return path.startsWith(whole) && (path.length === whole.length || path[whole.length] === '/');
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.replace(/\/+$/, '') : path;
}

function sourceOf(kind: string, name: string | undefined): string {
  return name === undefined ? kind : `${kind} ${JSON.stringify(name)}`;
}

function written({ path, kind, name }: PlacedFile): string {
  const text = JSON.stringify(withoutSlash(path));
  return kind === undefined ? text : `${text} (${sourceOf(kind, name)})`;
}
