// What is done for pods by the system of their node: each has its own means (agent/platform), and the agent is given one when it starts.

import type { ContainerConfigInput, PodSandboxConfigInput, UpdateContainerResourcesInput } from '../cri/messages.ts';
import type { NodeFiles } from '../files/node-files.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import type { PodTermination } from './sync-pod.ts';

/** The user that an image names: by number, or else by name. Neither: root. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

export interface StartingContainer {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly image: ImageUser;
  /** Id of the container whose processes an ephemeral container sees. */
  readonly targetId?: string;
}

/** What CRI has a part of its own for, a system each. */
type OfSystem<Config> = Pick<Config, Extract<keyof Config, 'linux' | 'windows'>>;

export interface PodHost {
  /** As `spec.os.name` has it. */
  readonly os: 'linux' | 'windows';
  readonly files: NodeFiles;
  /** Where the node keeps the names of hosts, and the pod's containers theirs; undefined: they have the node's. */
  hostsFile(pod: Pod): { readonly ofNode: string; readonly ofContainers: string } | undefined;
  /** Why the node does not take a pod for what it asks of its system. */
  refusal(pod: Pod): PodTermination | undefined;
  /** Why the pod gets no sandbox (yet). */
  sandboxViolation(pod: Pod): string | undefined;
  /** Why the container does not start. */
  containerViolation(about: StartingContainer): string | undefined;
  sandbox(pod: Pod, cgroupParent: string): OfSystem<PodSandboxConfigInput>;
  container(about: StartingContainer): OfSystem<ContainerConfigInput>;
  /** What a container that runs is to have from now on. */
  resources(pod: Pod, container: PodContainer): OfSystem<UpdateContainerResourcesInput>;
  /** A path in a container as its runtime takes it. */
  containerPath(path: string): string;
}
