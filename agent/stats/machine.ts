// What the agent wants to know of its machine: each system tells it in its own words (agent/platform).

import type { Observations } from './signals.ts';

export interface MachineFacts {
  readonly os: 'linux' | 'windows';
  readonly machineID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  /** Such as `Debian GNU/Linux 12 (bookworm)`. */
  readonly osImage: string;
  /** That say more of its system than its name. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface MachineLoad {
  /** Nanoseconds that all cores together were not idle. */
  readonly cpu: number;
  /** Bytes. */
  readonly memoryAvailable: number;
}

export interface FilesystemUse {
  /** As the table of mounts names it. */
  readonly device: string;
  readonly capacity: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface MachineUse extends MachineLoad {
  readonly memoryFree: number;
  readonly swapTotal: number;
  readonly swapFree: number;
  readonly rss: number;
  readonly processes: number;
  readonly maxProcesses: number;
  readonly filesystem: FilesystemUse;
}

export interface Machine {
  facts(): Promise<MachineFacts>;
  load(): Promise<MachineLoad>;
  /** `directory`: on the file system that is told of. */
  use(directory: string): Promise<MachineUse>;
  /** How much of memory, disk and process ids is left. `directory`: where pods, their logs and images are. */
  room(directory: string): Promise<Observations>;
  /** Bytes on disk of directories, each with all that is below it on its file system; links are not followed. */
  sizesOf(directories: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
