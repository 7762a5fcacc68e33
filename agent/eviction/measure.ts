// What pods use of their node: memory and processes as its system counts them, disk by what lies in their directories.

import path from 'node:path';
import type { Pod } from '../pod/pod.ts';
import { podLogDirectory } from '../pods/pod-context.ts';
import type { Machine } from '../stats/machine.ts';
import { runningContainers, type StatsRuntime } from '../stats/running-containers.ts';
import { type DiskUse, diskEmptyDirs } from './local-storage.ts';

/** Memory in bytes, and processes, of each pod by its uid; those of which nothing runs may be missing. */
export type PodUses = (
  pods: readonly Pod[],
) => Promise<ReadonlyMap<string, { readonly memory: number; readonly processes: number }>>;

export interface MeasureContext {
  readonly runtime: StatsRuntime;
  readonly nodeName: string;
  readonly podsDir: string;
  readonly logsDir: string;
  readonly podUses: PodUses;
  readonly sizesOf: Machine['sizesOf'];
}

/** By uid. Throws GrpcError, and what `sizesOf` throws. */
export async function measureDisk(context: MeasureContext, pods: readonly Pod[]): Promise<Map<string, DiskUse>> {
  if (pods.length === 0) return new Map();
  const running = await runningContainers(context.runtime, context.nodeName);
  const volume = (pod: Pod, name: string) => path.join(context.podsDir, pod.metadata.uid, 'volumes', name);
  const logs = (pod: Pod, container: string) => path.join(podLogDirectory(context.logsDir, pod), container);
  const containersOf = (pod: Pod) => running.filter(({ uid }) => uid === pod.metadata.uid);
  const sizes = await context.sizesOf(
    pods.flatMap((pod) => [
      ...diskEmptyDirs(pod).map((name) => volume(pod, name)),
      ...containersOf(pod).map(({ name }) => logs(pod, name)),
    ]),
  );
  return new Map(
    pods.map((pod): [string, DiskUse] => [
      pod.metadata.uid,
      {
        emptyDirs: new Map(diskEmptyDirs(pod).map((name) => [name, sizes.get(volume(pod, name)) ?? 0])),
        containers: new Map(
          containersOf(pod).map(({ name, stats }) => [
            name,
            Number(stats.writableLayer?.usedBytes?.value ?? 0) + (sizes.get(logs(pod, name)) ?? 0),
          ]),
        ),
      },
    ]),
  );
}

export function totalOf({ emptyDirs, containers }: DiskUse): number {
  return [...emptyDirs.values(), ...containers.values()].reduce((sum, each) => sum + each, 0);
}
