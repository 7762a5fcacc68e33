// The volumes of the pods of this node: made before their containers, kept up to date while they run, removed when they are gone.

import fs from 'node:fs/promises';
import path from 'node:path';
import { numberOfQuantity } from '../../core/machinery/quantity.ts';
import { run } from '../../core/process/run.ts';
import type {
  V1ConfigMap,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Secret,
  V1Volume,
} from '../../generated/kubernetes.ts';
import { unmountBelow } from '../containerd/teardown.ts';
import { isMounted, mountPoints } from '../files/mount-table.ts';
import { removeTree } from '../files/remove-tree.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeCapacity } from '../pod/resources.ts';
import { atomicWrite } from './atomic-write.ts';
import { hostPathVolume } from './host-path.ts';
import type { ImageVolumes } from './image-volume.ts';
import { ownByGroup } from './ownership.ts';
import { volumePayload } from './payload.ts';
import { mountSubPath, type SubPathPlace } from './sub-path.ts';
import type { TokenSource } from './tokens.ts';
import { VolumeError } from './volume-error.ts';

export interface VolumeObjects {
  configMap(namespace: string, name: string): V1ConfigMap | undefined;
  secret(namespace: string, name: string): V1Secret | undefined;
  claim(namespace: string, name: string): V1PersistentVolumeClaim | undefined;
  volume(name: string): V1PersistentVolume | undefined;
}

export interface VolumeOptions {
  /** Holds a directory for each pod. */
  readonly podsDir: string;
  /** On a tmpfs, so that Secrets and tokens never reach a disk. */
  readonly memoryDir: string;
  readonly nodeName: string;
  readonly hostIP: string;
  readonly allocatable: NodeCapacity;
  readonly objects: VolumeObjects;
  readonly tokens: TokenSource;
  /** Without it, volumes that are images are refused. */
  readonly images?: ImageVolumes;
}

export interface MountedVolume {
  /** On the node. */
  readonly path: string;
  /** The source itself cannot be written (a claim or volume that says readOnly). */
  readonly readOnly: boolean;
}

export interface PodVolumes {
  /** Volume name -> where it is, of all that are no images. Idempotent. Throws VolumeError. */
  prepare(pod: Pod): Promise<Map<string, MountedVolume>>;
  /** One that is an image. Idempotent, but not twice at once. Throws ImageError where it is not to be had, else VolumeError. */
  image(pod: Pod, volume: V1Volume): Promise<MountedVolume>;
  /** Mounts a part of the volume that lies at `volumePath`, and gives where. Throws VolumeError. */
  subPath(place: SubPathPlace, volumePath: string, inner: string): Promise<string>;
  /** Writes what changed of ConfigMaps, Secrets, labels and tokens; what has gone missing stays as it was. */
  refresh(pod: Pod): Promise<void>;
  /** Unmounts and deletes everything of the pod but what persistent volumes hold. */
  remove(uid: string): Promise<void>;
  /** The pods that there is something of. */
  known(): Promise<string[]>;
}

/** Mounts what all pods share: the directory of the pods as a shared mount, and one tmpfs. Idempotent. */
export async function prepareVolumeRoots(podsDir: string, memoryDir: string): Promise<void> {
  const mounts = await mountPoints();
  await fs.mkdir(podsDir, { recursive: true, mode: 0o755 });
  await fs.mkdir(memoryDir, { recursive: true, mode: 0o755 });
  // Mount propagation between containers needs a shared mount below them.
  if (!mounts.includes(podsDir)) await run('mount', ['--bind', podsDir, podsDir]);
  await run('mount', ['--make-rshared', podsDir]);
  if (!mounts.includes(memoryDir)) await run('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'zeroplane', memoryDir]);
}

export function createPodVolumes(options: VolumeOptions): PodVolumes {
  const { podsDir, memoryDir, objects } = options;
  const volumesOf = (uid: string) => path.join(podsDir, uid, 'volumes');
  const directories = (pod: Pod, volume: V1Volume) => {
    const secret = volume.secret || volume.projected;
    return path.join(secret ? memoryDir : podsDir, pod.metadata.uid, 'volumes', volume.name);
  };

  const writeFiles = async (pod: Pod, volume: V1Volume): Promise<string | undefined> => {
    const { namespace } = pod.metadata;
    const files = await volumePayload(pod, volume, {
      configMap: (name) => objects.configMap(namespace, name),
      secret: (name) => objects.secret(namespace, name),
      node: {
        nodeName: options.nodeName,
        hostIP: options.hostIP,
        podIPs: (pod.status?.podIPs ?? []).map(({ ip }) => ip),
      },
      allocatable: options.allocatable,
      token: (audience, expirationSeconds) => options.tokens.token(pod, audience, expirationSeconds),
    });
    if (!files) return undefined;
    const directory = directories(pod, volume);
    await fs.mkdir(directory, { recursive: true, mode: 0o755 });
    // Every user of the container may pass through, whatever the agent's umask.
    await fs.chmod(directory, 0o755);
    await atomicWrite(directory, files, groupOf(pod));
    return directory;
  };

  const mount = async (pod: Pod, volume: V1Volume): Promise<MountedVolume> => {
    const files = await writeFiles(pod, volume);
    // Kubernetes mounts these for reading only, whatever the container asks for.
    if (files) return { path: files, readOnly: true };
    if (volume.emptyDir) return { path: await emptyDir(pod, volume, directories(pod, volume)), readOnly: false };
    if (volume.hostPath) return { path: await hostPathVolume(volume.hostPath), readOnly: false };
    const claimName =
      volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${pod.metadata.name}-${volume.name}`);
    if (claimName) return persistentVolume(pod, claimName, volume.persistentVolumeClaim?.readOnly ?? false, objects);
    throw unsupported(volume);
  };

  return {
    prepare: async (pod) => {
      const volumes = (pod.spec.volumes ?? []).filter(({ image }) => !image);
      const mounted = await Promise.all(
        volumes.map(async (volume) => [volume.name, await mount(pod, volume)] as const),
      );
      return new Map(mounted);
    },
    image: async (pod, volume) => {
      if (!options.images) throw unsupported(volume);
      return { path: await options.images.mount(pod, volume, volumesOf(pod.metadata.uid)), readOnly: true };
    },
    subPath: (place, volumePath, inner) => mountSubPath(podsDir, place, volumePath, inner),
    refresh: async (pod) => {
      for (const volume of pod.spec.volumes ?? [])
        try {
          await writeFiles(pod, volume);
        } catch (error) {
          if (!(error instanceof VolumeError)) throw error;
        }
    },
    remove: async (uid) => {
      options.tokens.forget(uid);
      // Parts of volumes are mounted beside them.
      await unmountBelow(path.join(podsDir, uid));
      await options.images?.release(uid, volumesOf(uid));
      await removeTree(podsDir, uid);
      await removeTree(memoryDir, uid);
    },
    known: async () => {
      const found = await Promise.all([podsDir, memoryDir].map((each) => fs.readdir(each).catch(() => [])));
      return [...new Set(found.flat())];
    },
  };
}

function unsupported(volume: V1Volume): VolumeError {
  const type = Object.keys(volume).find((key) => key !== 'name');
  return new VolumeError(
    `volume "${volume.name}" is of type ${type}, which this node does not support; use emptyDir, configMap, secret, projected, downwardAPI, image, hostPath or persistentVolumeClaim`,
  );
}

function groupOf(pod: Pod): number | undefined {
  const group = pod.spec.securityContext?.fsGroup;
  return group === undefined ? undefined : Number(group);
}

async function emptyDir(pod: Pod, volume: V1Volume, directory: string): Promise<string> {
  const created = await fs.mkdir(directory, { recursive: true });
  const { medium, sizeLimit } = volume.emptyDir ?? {};
  if (medium === 'Memory') {
    const size = sizeLimit ? [`size=${Math.floor(numberOfQuantity(sizeLimit))}`] : [];
    if (!(await isMounted(directory)))
      await run('mount', ['-t', 'tmpfs', '-o', ['mode=0777', ...size].join(','), 'tmpfs', directory]);
    await fs.chmod(directory, 0o777);
  } else if (medium) throw new VolumeError(`volume "${volume.name}": medium ${medium} is not supported on this node`);
  else if (created) await fs.chmod(directory, 0o777);
  const group = groupOf(pod);
  if (group !== undefined && (created || medium === 'Memory')) await ownByGroup(directory, group);
  return directory;
}

async function persistentVolume(
  pod: Pod,
  claimName: string,
  readOnly: boolean,
  objects: VolumeObjects,
): Promise<MountedVolume> {
  const claim = objects.claim(pod.metadata.namespace, claimName);
  if (!claim) throw new VolumeError(`persistentvolumeclaim "${claimName}" not found`);
  const volumeName = claim.spec?.volumeName;
  const volume = volumeName && claim.status?.phase === 'Bound' ? objects.volume(volumeName) : undefined;
  if (!volume) throw new VolumeError(`persistentvolumeclaim "${claimName}" is not bound to a volume`);
  const source = volume.spec?.hostPath ?? (volume.spec?.local && { path: volume.spec.local.path, type: 'Directory' });
  if (!source)
    throw new VolumeError(
      `persistentvolume "${volumeName}" is of a type that this node does not support; use hostPath or local`,
    );
  const directory = await hostPathVolume(source);
  const fsGroup = groupOf(pod);
  const fsGroupChangePolicy = pod.spec.securityContext?.fsGroupChangePolicy;
  // Kubernetes leaves hostPath volumes' owners alone.
  if (fsGroup !== undefined && volume.spec?.local && !readOnly) {
    const owned = fsGroupChangePolicy === 'OnRootMismatch' && (await fs.stat(directory)).gid === fsGroup;
    if (!owned) await ownByGroup(directory, fsGroup);
  }
  return { path: directory, readOnly };
}
