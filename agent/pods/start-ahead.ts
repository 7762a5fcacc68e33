// What a pod's first containers need and its sandbox does not, made while the runtime makes the sandbox: image, volumes, the pod's cgroup
// and the files of its own. Nothing of it is on the way of a start any more, unless it takes longer than the sandbox.

import type { ImageInfo } from '../cri/messages.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';

export interface AheadWork {
  /** Throws ImageError. */
  image(container: PodContainer): Promise<ImageInfo>;
  /** What is mounted of the node's own. */
  files(container: PodContainer, attempt: number): Promise<void>;
}

/** What was begun of one container. */
export interface Begun {
  readonly image: Promise<ImageInfo>;
  readonly files: Promise<void>;
}

export class StartAhead {
  readonly #begun = new Map<string, Begun>();
  readonly #all: Promise<unknown>[] = [];

  /** Of the containers that start as soon as there is a sandbox, where none of the pod has run yet. */
  begin(pod: Pod, work: AheadWork): void {
    for (const container of firstContainers(pod)) {
      const begun = { image: work.image(container), files: work.files(container, 0) };
      // Who takes it up hears of it. Where nobody does, its sandbox failed, and the next one begins anew.
      this.#all.push(
        begun.image.catch(() => undefined),
        begun.files.catch(() => undefined),
      );
      this.#begun.set(container.name, begun);
    }
  }

  /** Once: who tries again begins by itself. Undefined: nothing was begun of this attempt. */
  take(container: string, attempt: number): Begun | undefined {
    const begun = this.#begun.get(container);
    this.#begun.delete(container);
    return attempt === 0 ? begun : undefined;
  }

  /** Nothing that was begun is being made any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#all);
  }
}

/** An init container holds up all after it. */
function firstContainers(pod: Pod): PodContainer[] {
  const containers = podContainers(pod);
  const first = containers.find(({ kind }) => kind === 'init' || kind === 'sidecar');
  return first ? [first] : containers.filter(({ kind }) => kind === 'app');
}
