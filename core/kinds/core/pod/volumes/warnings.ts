// Warnings about volumes, in a pod and as PersistentVolumes. Most volumes get none: paths are put together only for those that may.

import type { V1Volume } from '../../../../../generated/kubernetes.ts';
import { sourcesOf } from './volume-types.ts';

/** Of a volume, and of a PersistentVolume's spec. */
export function warnOfGoneType(volume: object, path: string): string[] {
  return sourcesOf(volume).flatMap(({ type }) => (type.gone === undefined ? [] : [`${path}.${type.gone}`]));
}

export function warnOfVolumes(volumes: readonly V1Volume[], path: string): string[] {
  const warnings: string[] = [];
  const ofFiles: string[] = [];
  volumes.forEach((volume, index) => {
    for (const { name, type, source } of sourcesOf(volume)) {
      const { gone, inline } = type;
      if (gone !== undefined) warnings.push(`${path}[${index}].${gone}`);
      if (inline?.warnings) warnings.push(...inline.warnings(source, `${path}[${index}].${name}`));
      if (inline?.fileWarnings) ofFiles.push(...inline.fileWarnings(source, volume.name));
    }
  });
  return [...warnings, ...ofFiles];
}
