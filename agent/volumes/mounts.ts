// A container's mounts: its volumes with sub-paths and propagation, /etc/hosts and the termination log.

import type { V1VolumeMount } from '../../generated/kubernetes.ts';
import type { MountInput } from '../cri/messages.ts';
import { propagations } from '../cri/messages.ts';
import { componentsOf, UnsafePathError } from '../files/paths.ts';
import { ConfigError, expand } from '../pod/environment.ts';
import type { PodContainer } from '../pod/pod.ts';
import { VolumeError } from './volume-error.ts';
import type { SubPathPlace } from './volume-host.ts';
import type { MountedVolume } from './volume-type.ts';

export interface SubPathMount extends Omit<SubPathPlace, 'uid'> {
  /** Of the volume. */
  readonly path: string;
  readonly inner: string;
}

/** `subPath` mounts a part of a volume and gives where. Throws VolumeError when a mount names no volume or leaves it, ConfigError when its sub-path cannot be one. */
export async function volumeMounts(
  container: PodContainer,
  volumes: ReadonlyMap<string, MountedVolume>,
  environment: ReadonlyMap<string, string>,
  { containerPath }: { containerPath(path: string): string },
  subPath: (mount: SubPathMount) => Promise<string>,
): Promise<MountInput[]> {
  const mounts: MountInput[] = [];
  for (const [index, mount] of (container.spec.volumeMounts ?? []).entries()) {
    const volume = volumes.get(mount.name);
    if (!volume)
      throw new VolumeError(`container "${container.name}" mounts volume "${mount.name}", which the pod does not have`);
    const inner = innerOf(mount, environment);
    if (volume.device)
      throw new ConfigError(
        `volume "${mount.name}" is a block device: container "${container.name}" has it by volumeDevices, not volumeMounts`,
      );
    const place = { volume: mount.name, container: container.name, index };
    mounts.push({
      containerPath: containerPath(mount.mountPath),
      hostPath: inner === undefined ? volume.path : await prepared({ ...place, path: volume.path, inner }, subPath),
      readonly: (mount.readOnly ?? false) || volume.readOnly,
      propagation:
        mount.mountPropagation === 'Bidirectional'
          ? propagations.bidirectional
          : mount.mountPropagation === 'HostToContainer'
            ? propagations.hostToContainer
            : propagations.private,
    });
  }
  return mounts;
}

/** The block devices that a container has. Throws VolumeError, ConfigError. */
export function volumeDevices(
  { name, spec }: PodContainer,
  volumes: ReadonlyMap<string, MountedVolume>,
): { hostPath: string; containerPath: string; permissions: string }[] {
  return (spec.volumeDevices ?? []).map((each) => {
    const volume = volumes.get(each.name);
    if (!volume) throw new VolumeError(`container "${name}" has volume "${each.name}", which the pod does not have`);
    if (!volume.device)
      throw new ConfigError(`volume "${each.name}" of container "${name}" is no block device (volumeMode: Block)`);
    return { hostPath: volume.path, containerPath: each.devicePath, permissions: volume.readOnly ? 'r' : 'mrw' };
  });
}

/** What cannot be mounted is the container's configuration that is wrong, as kubelet has it. */
async function prepared(mount: SubPathMount, subPath: (mount: SubPathMount) => Promise<string>): Promise<string> {
  try {
    return await subPath(mount);
  } catch (error) {
    if (!(error instanceof VolumeError)) throw error;
    const { volume, container } = mount;
    throw new ConfigError(
      `failed to prepare subPath for volumeMount "${volume}" of container "${container}": ${error.message}`,
    );
  }
}

/** The part of a volume that a mount is of; undefined for all of it. */
function innerOf(mount: V1VolumeMount, environment: ReadonlyMap<string, string>): string | undefined {
  const inside = mount.subPathExpr ? expandSubPath(mount.subPathExpr, environment) : mount.subPath;
  if (!inside) return undefined;
  try {
    // What a variable holds is known only here.
    componentsOf(inside);
  } catch (error) {
    if (error instanceof UnsafePathError) throw new ConfigError(`subPath ${error.message}`);
    throw error;
  }
  return inside;
}

/** A variable without a value would make the whole volume of a part of it. */
function expandSubPath(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => {
    const value = environment.get(name);
    if (!value) throw new ConfigError(`cannot expand subPathExpr "${text}": missing value for "${name}"`);
    return value;
  });
}
