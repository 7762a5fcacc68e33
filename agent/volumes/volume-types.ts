// The types of volumes that this node has, each from its own file. Whatever else asks for one is told which there are.

import type { VolumeTypeName } from '../../core/kinds/core/pod/volumes/volume-type.ts';
import { configMap } from './types/config-map.ts';
import { csi } from './types/csi.ts';
import { downwardAPI } from './types/downward-api.ts';
import { emptyDir } from './types/empty-dir.ts';
import { ephemeral } from './types/ephemeral.ts';
import { hostPath } from './types/host-path.ts';
import { image } from './types/image.ts';
import { local } from './types/local.ts';
import { nfs } from './types/nfs.ts';
import { persistentVolumeClaim } from './types/persistent-volume-claim.ts';
import { projected } from './types/projected.ts';
import { secret } from './types/secret.ts';
import { VolumeError } from './volume-error.ts';
import type { NodeVolumeType, NodeVolumeTypeOf } from './volume-type.ts';

/** In the order in which they are told. */
const all: { readonly [Name in VolumeTypeName]?: NodeVolumeTypeOf<Name> } = {
  emptyDir,
  configMap,
  secret,
  projected,
  downwardAPI,
  image,
  hostPath,
  local,
  nfs,
  csi,
  ephemeral,
  persistentVolumeClaim,
};

// as: which type goes with a source is said by the source's field; `sourceOf` is the one place where the two meet.
const types: ReadonlyMap<string, NodeVolumeType> = new Map(
  Object.entries(all as Readonly<Record<string, NodeVolumeType>>),
);

export const nodeVolumeTypes: readonly NodeVolumeType[] = [...types.values()];

interface Sourced {
  readonly type: NodeVolumeType;
  readonly source: object;
}

/** Of a pod's volume. Throws VolumeError where this node has no such type. */
export function inlineSource(volume: { readonly name: string }): Sourced {
  const found = sourceOf(volume, isInline);
  if (found) return found;
  const field = Object.keys(volume).find((each) => each !== 'name');
  throw new VolumeError(`volume "${volume.name}" is of type ${field}, which ${unsupported(isInline)}`);
}

/** Of the spec of the PersistentVolume `name`. Throws VolumeError where this node has no such type. */
export function persistentSource(name: string, spec: object): Sourced {
  const found = sourceOf(spec, isPersistent);
  if (found) return found;
  throw new VolumeError(`persistentvolume "${name}" is of a type that ${unsupported(isPersistent)}`);
}

/** Whether only the containers that mount the volume wait for it. */
export function isAwaitedByItsContainers(volume: object): boolean {
  return sourceOf(volume, isInline)?.type.awaitedByItsContainers ?? false;
}

const isInline = ({ files, mount, claim }: NodeVolumeType): boolean => Boolean(files ?? mount ?? claim);
const isPersistent = ({ persistent }: NodeVolumeType): boolean => Boolean(persistent);

function sourceOf(volume: object, fits: (type: NodeVolumeType) => boolean): Sourced | undefined {
  for (const field in volume) {
    const type = types.get(field);
    if (!type || !fits(type)) continue;
    // as: a field of the volume, by the schema an object.
    const source = (volume as { readonly [field: string]: object | undefined })[field];
    if (source) return { type, source };
  }
  return undefined;
}

function unsupported(fits: (type: NodeVolumeType) => boolean): string {
  const names = [...types].flatMap(([name, type]) => (fits(type) ? [name] : []));
  return `this node does not support; use ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
