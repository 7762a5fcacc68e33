// One reading of what the node and its containers use, from the runtime and its machine.

import os from 'node:os';
import type { MachineUse } from '../stats/machine.ts';
import type { RunningContainer } from '../stats/running-containers.ts';
import type { NodeApiContext } from './context.ts';
import { statuses } from './statuses.ts';

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

export interface NodeStats {
  /** Unix milliseconds. */
  readonly at: number;
  readonly node: MachineUse & {
    readonly rate: number;
    readonly cores: number;
    readonly memoryTotal: number;
    readonly imageBytes: number;
  };
  readonly containers: readonly ContainerUse[];
}

/** Throws GrpcError when the runtime does not answer. */
export async function readStats(context: NodeApiContext, running: readonly RunningContainer[]): Promise<NodeStats> {
  const { options, runtime, usage, now } = context;
  const [machine, images] = await Promise.all([
    context.machine.use(options.dataDir),
    runtime.imageFsInfo({}).catch(() => ({ imageFilesystems: [] })),
  ]);
  const known = statuses(context);
  return {
    at: now(),
    node: {
      ...machine,
      rate: usage.rate('') ?? 0,
      cores: os.availableParallelism(),
      memoryTotal: os.totalmem(),
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
