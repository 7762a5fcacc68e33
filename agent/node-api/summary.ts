// A reading as stats.v1alpha1 Summary, which metrics pipelines read at /stats/summary. Pure.
// Source: k8s.io/kubelet pkg/apis/stats/v1alpha1.

import type { V1Pod } from '../../generated/kubernetes.ts';
import type { UsedVolume } from '../volumes/volume-usage.ts';
import type { NodeStats } from './read-stats.ts';

/** `startedAt`: of the agent, Unix milliseconds. */
export function toSummary(
  stats: NodeStats,
  pods: readonly V1Pod[],
  volumes: readonly UsedVolume[],
  nodeName: string,
  startedAt: number,
): object {
  const time = seconds(stats.at);
  const { node, containers } = stats;
  const { capacity, available, inodes, inodesFree } = node.filesystem;
  const filesystem = { time, capacityBytes: capacity, availableBytes: available, inodes, inodesFree };
  const cpuOf = (rate: number, total: number) => ({ time, usageNanoCores: rate, usageCoreNanoSeconds: total });
  const byPod = Map.groupBy(containers, ({ uid }) => uid);
  const volumesByPod = Map.groupBy(volumes, ({ uid }) => uid);
  return {
    node: {
      nodeName,
      startTime: seconds(startedAt),
      cpu: cpuOf(node.rate, node.cpu),
      memory: {
        time,
        availableBytes: node.memoryAvailable,
        usageBytes: node.memoryTotal - node.memoryFree,
        workingSetBytes: node.memoryTotal - node.memoryAvailable,
        rssBytes: node.rss,
      },
      fs: { ...filesystem, usedBytes: capacity - available, inodesUsed: inodes - inodesFree },
      runtime: { imageFs: { ...filesystem, usedBytes: node.imageBytes } },
      rlimit: { time, maxpid: node.maxProcesses, curproc: node.processes },
    },
    pods: pods.map(({ metadata, status }) => {
      const own = byPod.get(metadata?.uid ?? '') ?? [];
      const sum = (of: (each: (typeof own)[number]) => number) => own.reduce((total, each) => total + of(each), 0);
      return {
        podRef: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid },
        startTime: status?.startTime ?? metadata?.creationTimestamp ?? null,
        containers: own.map((each) => ({
          name: each.name,
          startTime: each.startedAt === undefined ? null : seconds(each.startedAt),
          cpu: cpuOf(each.rate, each.cpu),
          memory: { time, usageBytes: each.memoryUsage, workingSetBytes: each.workingSet, rssBytes: each.rss },
          rootfs: { ...filesystem, usedBytes: each.writableLayer, inodesUsed: each.inodes },
        })),
        cpu: cpuOf(
          sum(({ rate }) => rate),
          sum(({ cpu }) => cpu),
        ),
        memory: {
          time,
          usageBytes: sum(({ memoryUsage }) => memoryUsage),
          workingSetBytes: sum(({ workingSet }) => workingSet),
          rssBytes: sum(({ rss }) => rss),
        },
        volume: (volumesByPod.get(metadata?.uid ?? '') ?? []).map(volumeStats),
        'ephemeral-storage': { ...filesystem, usedBytes: sum(({ writableLayer }) => writableLayer) },
      };
    }),
  };
}

function volumeStats({ name, namespace, claim, at, use }: UsedVolume): object {
  return {
    time: seconds(at),
    capacityBytes: use.capacity,
    availableBytes: use.available,
    usedBytes: use.used,
    inodes: use.inodes,
    inodesFree: use.inodesFree,
    inodesUsed: use.inodesUsed,
    name,
    ...(claim !== undefined && { pvcRef: { name: claim, namespace } }),
  };
}

function seconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
