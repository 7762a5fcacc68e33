// CPU and memory of the node, its pods and containers, for reports: rates between two readings of cumulative counters.

import os from 'node:os';
import type { UsageReport } from '../../core/node/protocol.ts';
import type { Machine } from './machine.ts';
import { runningContainers, type StatsRuntime } from './running-containers.ts';

export interface UsageSampler {
  /** Undefined at the first reading: there is nothing to compare with yet. Throws GrpcError. */
  sample(now: number): Promise<UsageReport | undefined>;
  /** Nanocores between the last two samples, by container id; the node's under ''. */
  rate(id: string): number | undefined;
}

interface Reading {
  readonly at: number;
  /** Nanoseconds of CPU time since start, by container id; the node's under ''. */
  readonly cpu: Map<string, number>;
}

export function createUsageSampler(
  runtime: StatsRuntime,
  nodeName: string,
  machine: Pick<Machine, 'load'>,
): UsageSampler {
  let last: Reading | undefined;
  let rates: ReadonlyMap<string, number> = new Map();
  return {
    rate: (id) => rates.get(id),
    sample: async (now) => {
      const [containers, load] = await Promise.all([runningContainers(runtime, nodeName), machine.load()]);
      const cpu = new Map([['', load.cpu]]);
      for (const { id, stats } of containers) cpu.set(id, stats.cpu?.usageCoreNanoSeconds?.value ?? 0);
      const before = last;
      last = { at: now, cpu };
      if (!before || now <= before.at) return undefined;
      const seconds = (now - before.at) / 1000;
      const measured = [...cpu].map(([id, end]): [string, number] => {
        const start = before.cpu.get(id);
        return [id, start === undefined ? 0 : Math.max(0, Math.round((end - start) / seconds))];
      });
      rates = new Map(measured);
      const rate = (id: string) => rates.get(id) ?? 0;
      const pods = new Map<string, UsageReport['pods'][number]>();
      for (const { id, namespace, pod: name, name: container, stats } of containers) {
        const pod = pods.get(`${namespace}/${name}`) ?? { namespace, name, containers: [] };
        pods.set(`${namespace}/${name}`, pod);
        pod.containers.push({ name: container, cpu: rate(id), memory: stats.memory?.workingSetBytes?.value ?? 0 });
      }
      return {
        time: new Date(now).toISOString(),
        windowSeconds: Math.round(seconds),
        node: { cpu: rate(''), memory: os.totalmem() - load.memoryAvailable },
        pods: [...pods.values()],
      };
    },
  };
}
