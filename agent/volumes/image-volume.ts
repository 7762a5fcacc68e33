// Volumes that are the files of an image, for reading (KEP-4639). They lie in a directory of their own, so that it is known whose
// snapshots go with a pod.

import fs from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { run } from '../../core/process/run.ts';
import type { V1ImageVolumeSource, V1Secret } from '../../generated/kubernetes.ts';
import { GrpcError } from '../cri/grpc.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { Snapshots } from '../cri/snapshots.ts';
import { isMounted } from '../files/mount-table.ts';
import type { Images } from '../images/images.ts';
import type { Pod } from '../pod/pod.ts';
import { VolumeError } from './volume-error.ts';

export interface ImageVolumes {
  /** Where the image's files are, below the pod's directory of volumes. Idempotent. Throws ImageError where it is not to be had, else VolumeError. */
  mount(pod: Pod, name: string, source: V1ImageVolumeSource, volumesDir: string): Promise<string>;
  /** Once they are unmounted: gives back what they held. */
  release(uid: string, volumesDir: string): Promise<void>;
}

export interface ImageVolumeOptions {
  readonly runtime: Pick<ContainerRuntime, 'imageStatus'>;
  readonly images: Images;
  /** Undefined: the runtime gives none, and such volumes are refused. */
  readonly snapshots: Snapshots | undefined;
  secret(namespace: string, name: string): V1Secret | undefined;
}

/** No volume has such a name. */
const directoryName = '.images';
const keyOf = (uid: string, volume: string) => `zeroplane.dev/image-volume/${uid}/${volume}`;

export function createImageVolumes({ runtime, images, snapshots, secret }: ImageVolumeOptions): ImageVolumes {
  const pull = async (pod: Pod, { reference: image = '', pullPolicy }: V1ImageVolumeSource): Promise<string> => {
    const { namespace } = pod.metadata;
    const secrets = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => secret(namespace, name ?? '') ?? []);
    // The API gives it one of these three.
    const policy = (pullPolicy ?? 'IfNotPresent') as 'Always' | 'IfNotPresent' | 'Never';
    const { id } = await images.ensure({ image, policy, secrets });
    // By its id: its name may mean another image by now, which the pod may not have.
    const { info } = await runtime.imageStatus({ image: { image: id }, verbose: true });
    return chainOf(info['info'], image);
  };

  return {
    async mount(pod, name, source, volumesDir) {
      const target = path.join(volumesDir, directoryName, name);
      if (!snapshots)
        throw new VolumeError(
          `volume "${name}" is an image, whose files this node's runtime does not give without a container: containerd does`,
        );
      if (await isMounted(target)) return target;
      try {
        const chain = await pull(pod, source);
        await fs.mkdir(target, { recursive: true, mode: 0o755 });
        for (const { type, source: from, options } of await snapshots.view(keyOf(pod.metadata.uid, name), chain)) {
          // A bind mount takes its read-only flag from the container's own mount, which always has it.
          const bind = options.includes('rbind') || type === 'bind';
          await run('mount', bind ? ['--rbind', from, target] : ['-t', type, '-o', options.join(','), from, target]);
        }
        return target;
      } catch (error) {
        if (error instanceof GrpcError) throw new VolumeError(`volume "${name}": ${error.message}`);
        throw error;
      }
    },
    async release(uid, volumesDir) {
      const names = await fs.readdir(path.join(volumesDir, directoryName)).catch(() => []);
      for (const name of names) await snapshots?.remove(keyOf(uid, name));
    },
  };
}

/** containerd names what lies under the newest layer by the chain of all; CRI tells it in the verbose status of an image. */
function chainOf(info: string | undefined, image: string): string {
  const parsed: unknown = parseJson(info || '{}');
  const chain = typeof parsed === 'object' && parsed !== null && 'chainID' in parsed ? parsed.chainID : undefined;
  if (typeof chain !== 'string' || !chain)
    throw new VolumeError(`the runtime does not tell which files image "${image}" has`);
  return chain;
}
