// A row of the cadvisor page: the machine, all pods of this node, a pod, its sandbox, a container.

import type { CgroupUse } from '../stats/cgroup-use.ts';
import type { InterfaceUse } from '../stats/network-use.ts';

export interface CgroupRow {
  /** The cgroup. */
  readonly id: string;
  /** Of the runtime; empty for what is no container. */
  readonly name: string;
  readonly image: string;
  readonly namespace: string;
  readonly pod: string;
  /** Empty for what is no container of a pod: a sandbox, a whole pod. */
  readonly container: string;
  readonly use: CgroupUse;
  /** Unix milliseconds. */
  readonly startedAt: number | undefined;
  /** Of what has a network of its own: a sandbox, and the machine. */
  readonly interfaces: readonly InterfaceUse[];
  /** What it wrote beside its image. */
  readonly writableLayer?: { readonly bytes: number; readonly inodes: number };
}
