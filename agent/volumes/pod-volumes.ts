// The volumes of the pods of this node: made before their containers, kept up to date while they run, removed when they are gone.

import fs from 'node:fs/promises';
import path from 'node:path';
import type { V1Volume } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { mountClaimed, refreshClaimed } from './claims.ts';
import { VolumeError } from './volume-error.ts';
import type { SubPathPlace } from './volume-host.ts';
import { groupOf, type MountedVolume, type VolumeContext, type VolumeFiles, type VolumeParts } from './volume-type.ts';
import { inlineSource, isAwaitedByItsContainers, nodeVolumeTypes } from './volume-types.ts';

export interface VolumeOptions extends VolumeParts {
  /** Holds a directory for each pod. */
  readonly podsDir: string;
  /** On a tmpfs, so that Secrets and tokens never reach a disk. */
  readonly memoryDir: string;
}

export interface PodVolumes {
  /** Volume name -> where it is, of all that hold up the whole pod. Idempotent. Throws VolumeError. */
  prepare(pod: Pod): Promise<Map<string, MountedVolume>>;
  /** One that only its containers wait for. Idempotent, but not twice at once. Throws ImageError where it is not to be had, else VolumeError. */
  one(pod: Pod, volume: V1Volume): Promise<MountedVolume>;
  /** Mounts a part of the volume that lies at `volumePath`, and gives where. Throws VolumeError. */
  subPath(place: SubPathPlace, volumePath: string, inner: string): Promise<string>;
  /** Writes what changed of ConfigMaps, Secrets, labels and tokens; what has gone missing stays as it was. */
  refresh(pod: Pod): Promise<void>;
  /** Unmounts and deletes everything of the pod but what persistent volumes hold. */
  remove(uid: string): Promise<void>;
  /** The pods that there is something of. */
  known(): Promise<string[]>;
}

export function createPodVolumes(options: VolumeOptions): PodVolumes {
  const { podsDir, memoryDir, ...parts } = options;
  const { host } = parts;
  const volumesOf = (uid: string) => path.join(podsDir, uid, 'volumes');

  const typed = (pod: Pod, volume: V1Volume) => {
    const { type, source } = inlineSource(volume);
    const { uid } = pod.metadata;
    const directory = path.join(type.inMemory ? memoryDir : podsDir, uid, 'volumes', volume.name);
    const context: VolumeContext = { ...parts, pod, name: volume.name, volumesDir: volumesOf(uid), directory };
    return { type, source, context };
  };

  const mount = async (pod: Pod, volume: V1Volume): Promise<MountedVolume> => {
    const { type, source, context } = typed(pod, volume);
    const files = await type.files?.(source, context);
    if (files) return writeFiles(files, context);
    const claimed = type.claim?.(source, context);
    if (claimed) return mountClaimed(claimed, context);
    const mounted = await type.mount?.(source, context);
    if (!mounted) throw new Error(`no type makes the volume ${volume.name}`);
    return mounted;
  };

  return {
    prepare: async (pod) => {
      const volumes = (pod.spec.volumes ?? []).filter((volume) => !isAwaitedByItsContainers(volume));
      const mounted = await Promise.all(
        volumes.map(async (volume) => [volume.name, await mount(pod, volume)] as const),
      );
      return new Map(mounted);
    },
    one: mount,
    subPath: (place, volumePath, inner) => host.subPath(podsDir, place, volumePath, inner),
    refresh: async (pod) => {
      for (const volume of pod.spec.volumes ?? [])
        try {
          const { type, source, context } = typed(pod, volume);
          const files = await type.files?.(source, context);
          if (files) await writeFiles(files, context);
          const claimed = type.claim?.(source, context);
          if (claimed) await refreshClaimed(claimed, context);
        } catch (error) {
          if (!(error instanceof VolumeError)) throw error;
        }
    },
    remove: async (uid) => {
      options.tokens.forget(uid);
      // Parts of volumes are mounted beside them.
      await host.unmountBelow(path.join(podsDir, uid));
      for (const type of nodeVolumeTypes) await type.release?.(uid, volumesOf(uid), parts);
      await host.files.removeTree(podsDir, uid);
      await host.files.removeTree(memoryDir, uid);
    },
    known: async () => {
      const found = await Promise.all([podsDir, memoryDir].map((each) => fs.readdir(each).catch(() => [])));
      return [...new Set([...found.flat(), ...((await parts.csi?.known()) ?? [])])];
    },
  };
}

async function writeFiles(files: VolumeFiles, { directory, pod, host }: VolumeContext): Promise<MountedVolume> {
  await fs.mkdir(directory, { recursive: true, mode: 0o755 });
  // Every user of the container may pass through, whatever the agent's umask.
  await fs.chmod(directory, 0o755);
  await host.writeFiles(directory, files, groupOf(pod));
  // Kubernetes mounts these for reading only, whatever the container asks for.
  return { path: directory, readOnly: true };
}
