// The volumes of one pod as its containers need them. Those that are images are made for the first container that mounts them, all others
// together: an image that is not to be had holds up no container that does not mount it, as kubelet has it.

import type { V1Volume } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { MountedVolume, PodVolumes } from '../volumes/pod-volumes.ts';

export class PodMounts {
  readonly #volumes: PodVolumes;
  readonly #pod: () => Pod;
  #common: Promise<ReadonlyMap<string, MountedVolume>> | undefined;
  /** By the names of their volumes. */
  readonly #images = new Map<string, Promise<MountedVolume>>();

  constructor(volumes: PodVolumes, pod: () => Pod) {
    this.#volumes = volumes;
    this.#pod = pod;
  }

  /** All but images. A failure is not kept: who needs them next tries again. Throws VolumeError. */
  prepare(): Promise<ReadonlyMap<string, MountedVolume>> {
    if (!this.#common) {
      this.#common = this.#volumes.prepare(this.#pod());
      this.#common.catch(() => {
        this.#common = undefined;
      });
    }
    return this.#common;
  }

  /** What the container mounts is among them, by name. Throws VolumeError, ImageError. */
  async of(container: PodContainer): Promise<ReadonlyMap<string, MountedVolume>> {
    const mounts = new Set(container.spec.volumeMounts?.map(({ name }) => name));
    const pod = this.#pod();
    const images = (pod.spec.volumes ?? []).filter(({ image, name }) => image && mounts.has(name));
    const [common, ...made] = await Promise.all([
      this.prepare(),
      ...images.map(async (volume) => [volume.name, await this.#image(pod, volume)] as const),
    ]);
    return new Map([...common, ...made]);
  }

  /** What changes with time in those that there are. */
  async refresh(): Promise<void> {
    if (this.#common) await this.#volumes.refresh(this.#pod());
  }

  async remove(): Promise<void> {
    // What is being made would be made again behind its removal.
    await Promise.allSettled([this.#common, ...this.#images.values()]);
    await this.#volumes.remove(this.#pod().metadata.uid);
  }

  #image(pod: Pod, volume: V1Volume): Promise<MountedVolume> {
    const { name } = volume;
    const known = this.#images.get(name);
    if (known) return known;
    const made = this.#volumes.image(pod, volume);
    this.#images.set(name, made);
    made.catch(() => this.#images.delete(name));
    return made;
  }
}
