// One reading of what the node and its containers use, from the runtime and /proc.

import fs from 'node:fs/promises';
import os from 'node:os';
import { filesystemOf } from '../stats/devices.ts';
import type { RunningContainer } from '../stats/running-containers.ts';
import { nodeCpuNanoseconds } from '../stats/usage.ts';
import type { NodeApiContext } from './context.ts';
import { statuses } from './read-cgroups.ts';

export interface ContainerUse {
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly name: string;
  /** Nanoseconds of CPU time since it started. */
  readonly cpu: number;
  /** Nanocores at the last sample. */
  readonly rate: number;
  /** Bytes. */
  readonly workingSet: number;
  readonly memoryUsage: number;
  readonly rss: number;
  readonly writableLayer: number;
  readonly inodes: number;
  /** Unix milliseconds. */
  readonly startedAt: number | undefined;
}

export interface FilesystemUse {
  /** As the table of mounts names it. */
  readonly device: string;
  readonly capacity: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface NodeStats {
  /** Unix milliseconds. */
  readonly at: number;
  readonly node: {
    readonly cpu: number;
    readonly rate: number;
    readonly cores: number;
    readonly memoryTotal: number;
    readonly memoryAvailable: number;
    readonly memoryFree: number;
    readonly swapTotal: number;
    readonly swapFree: number;
    readonly rss: number;
    readonly processes: number;
    readonly maxProcesses: number;
    readonly filesystem: FilesystemUse;
    readonly imageBytes: number;
  };
  readonly containers: readonly ContainerUse[];
}

/** Throws GrpcError when the runtime does not answer. */
export async function readStats(context: NodeApiContext, running: readonly RunningContainer[]): Promise<NodeStats> {
  const { options, runtime, usage, now } = context;
  const [device, cpu, meminfo, disk, images, pidMax, loadavg] = await Promise.all([
    filesystemOf(options.dataDir),
    nodeCpuNanoseconds(),
    fs.readFile('/proc/meminfo', 'utf8'),
    fs.statfs(options.dataDir),
    runtime.imageFsInfo({}).catch(() => ({ imageFilesystems: [] })),
    fs.readFile('/proc/sys/kernel/pid_max', 'utf8'),
    fs.readFile('/proc/loadavg', 'utf8'),
  ]);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  const known = statuses(context);
  return {
    at: now(),
    node: {
      cpu,
      rate: usage.rate('') ?? 0,
      cores: os.availableParallelism(),
      memoryTotal: os.totalmem(),
      memoryAvailable: kibibytes('MemAvailable'),
      memoryFree: kibibytes('MemFree'),
      swapTotal: kibibytes('SwapTotal'),
      swapFree: kibibytes('SwapFree'),
      rss: kibibytes('AnonPages'),
      processes: Number(/\/(\d+)/.exec(loadavg)?.[1] ?? 0),
      maxProcesses: Number(pidMax),
      filesystem: {
        device,
        capacity: disk.blocks * disk.bsize,
        available: disk.bavail * disk.bsize,
        inodes: disk.files,
        inodesFree: disk.ffree,
      },
      imageBytes: images.imageFilesystems.reduce((sum, each) => sum + Number(each.usedBytes?.value ?? 0), 0),
    },
    containers: running.map(({ stats: { cpu: own, memory, writableLayer }, ...container }): ContainerUse => {
      const { id } = container;
      return {
        ...container,
        cpu: Number(own?.usageCoreNanoSeconds?.value ?? 0),
        rate: usage.rate(id) ?? 0,
        workingSet: Number(memory?.workingSetBytes?.value ?? 0),
        memoryUsage: Number(memory?.usageBytes?.value ?? memory?.workingSetBytes?.value ?? 0),
        rss: Number(memory?.rssBytes?.value ?? 0),
        writableLayer: Number(writableLayer?.usedBytes?.value ?? 0),
        inodes: Number(writableLayer?.inodesUsed?.value ?? 0),
        startedAt: known.get(id)?.startedAt,
      };
    }),
  };
}
