// What bounds all containers of a pod together, where the system of the node has means for it.

import type { PodCgroupLimits } from '../pod/resources.ts';

export interface PodCgroups {
  /** The cgroup to hand to the runtime as parent. */
  parent(uid: string): string;
  /** Makes it, or gives the one that is there other limits. */
  create(uid: string, limits: PodCgroupLimits): Promise<void>;
  remove(uid: string): Promise<void>;
}
