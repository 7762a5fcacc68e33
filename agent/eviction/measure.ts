// What pods use of their node: memory and processes by their cgroups, disk by what lies in their directories.

import path from 'node:path';
import { CommandError, tryRun } from '../../core/process/run.ts';
import type { Pod } from '../pod/pod.ts';
import { podLogDirectory } from '../pods/pod-context.ts';
import type { CgroupReader } from '../stats/cgroup-use.ts';
import { runningContainers, type StatsRuntime } from '../stats/running-containers.ts';
import { type DiskUse, diskEmptyDirs } from './local-storage.ts';

export interface MeasureContext {
  readonly runtime: StatsRuntime;
  readonly nodeName: string;
  readonly podsDir: string;
  readonly logsDir: string;
  readonly cgroups: { readonly reader: CgroupReader; readonly pod: (uid: string) => string };
}

export function measureCgroup({ cgroups }: MeasureContext, pod: Pod): { memory: number; processes: number } {
  const use = cgroups.reader.use(cgroups.pod(pod.metadata.uid));
  return { memory: use?.memory.workingSet ?? 0, processes: use?.threads ?? 0 };
}

/** By uid. Throws GrpcError, CommandError. */
export async function measureDisk(context: MeasureContext, pods: readonly Pod[]): Promise<Map<string, DiskUse>> {
  if (pods.length === 0) return new Map();
  const running = await runningContainers(context.runtime, context.nodeName);
  const volume = (pod: Pod, name: string) => path.join(context.podsDir, pod.metadata.uid, 'volumes', name);
  const logs = (pod: Pod, container: string) => path.join(podLogDirectory(context.logsDir, pod), container);
  const containersOf = (pod: Pod) => running.filter(({ uid }) => uid === pod.metadata.uid);
  const sizes = await sizesOf(
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

/** Directories of one call: a command line has its limit. */
const batch = 200;

/** Bytes on disk of directories, each with all that is below it on its file system; links are not followed. */
async function sizesOf(directories: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (let from = 0; from < directories.length; from += batch) {
    const some = directories.slice(from, from + batch);
    const args = ['-n', '19', 'du', '-0', '-s', '-x', '-l', '-B1', '--', ...some];
    // Files that go while they are counted, and directories that are not there yet, end it with 1 and leave the rest as it is.
    const result = await tryRun('nice', args, { timeoutMs: 120_000 });
    if (result.code !== 0 && result.code !== 1) throw new CommandError('nice', args, result);
    for (const line of result.stdout.split('\0')) {
      const [bytes = '', directory = ''] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)];
      if (directory) sizes.set(directory, Number(bytes));
    }
  }
  return sizes;
}
