// The volumes of one pod as its containers need them. Those that only their containers wait for (images) are made for the first one that
// mounts them, all others together.

import type { V1Volume } from '../../generated/kubernetes.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { MountedVolume } from '../volumes/volume-type.ts';
import { isAwaitedByItsContainers } from '../volumes/volume-types.ts';

export class PodMounts {
  readonly #volumes: PodVolumes;
  readonly #pod: () => Pod;
  #common: Promise<ReadonlyMap<string, MountedVolume>> | undefined;
  /** Those that only their containers wait for, by name. */
  readonly #single = new Map<string, Promise<MountedVolume>>();
  /** Two that write the files of one volume at once take away each other's. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(volumes: PodVolumes, pod: () => Pod) {
    this.#volumes = volumes;
    this.#pod = pod;
  }

  /** All that hold up the whole pod. A failure is not kept: who needs them next tries again. Throws VolumeError. */
  prepare(): Promise<ReadonlyMap<string, MountedVolume>> {
    if (!this.#common) {
      this.#common = this.#inTurn(() => this.#volumes.prepare(this.#pod()));
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
    const single = (pod.spec.volumes ?? []).filter((each) => mounts.has(each.name) && isAwaitedByItsContainers(each));
    const [common, ...made] = await Promise.all([
      this.prepare(),
      ...single.map(async (volume) => [volume.name, await this.#one(pod, volume)] as const),
    ]);
    return new Map([...common, ...made]);
  }

  /** What changes with time in those that there are. */
  async refresh(): Promise<void> {
    if (!this.#common) return;
    await this.#inTurn(async () => {
      if (this.#common) await this.#volumes.refresh(this.#pod());
    });
  }

  async remove(): Promise<void> {
    // What is being made would be made again behind its removal.
    await Promise.allSettled([this.#common, ...this.#single.values()]);
    // What waits to refresh them finds nothing.
    this.#common = undefined;
    await this.#inTurn(() => this.#volumes.remove(this.#pod().metadata.uid));
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #one(pod: Pod, volume: V1Volume): Promise<MountedVolume> {
    const { name } = volume;
    const known = this.#single.get(name);
    if (known) return known;
    const made = this.#volumes.one(pod, volume);
    this.#single.set(name, made);
    made.catch(() => this.#single.delete(name));
    return made;
  }
}
