// What the containers that run use. The runtime lists those that ended too, so that a container that was started anew would stand there twice.

import { containerStates } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { labels } from '../pods/observed.ts';

export type StatsRuntime = Pick<ContainerRuntime, 'listContainers' | 'listContainerStats'>;
type ContainerStats = Awaited<ReturnType<StatsRuntime['listContainerStats']>>['stats'][number];

export interface RunningContainer {
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly name: string;
  readonly stats: ContainerStats;
}

/** Of this node's pods; one of a name, the newest. Throws GrpcError. */
export async function runningContainers(runtime: StatsRuntime, nodeName: string): Promise<RunningContainer[]> {
  const filter = { labelSelector: { [labels.node]: nodeName } };
  const [{ containers }, { stats }] = await Promise.all([
    runtime.listContainers({ filter }),
    runtime.listContainerStats({ filter }),
  ]);
  const statsOf = new Map(stats.map((each) => [each.attributes?.id, each]));
  const found = new Map<string, { createdAt: bigint; container: RunningContainer }>();
  for (const { id, state, createdAt, labels: of } of containers) {
    const own = statsOf.get(id);
    if (state !== containerStates.running || !own) continue;
    const {
      [labels.podNamespace]: namespace = '',
      [labels.podName]: pod = '',
      [labels.podUid]: uid = '',
      [labels.containerName]: name = '',
    } = of;
    const key = `${namespace}/${pod}/${name}`;
    const created = BigInt(createdAt);
    const other = found.get(key);
    if (other && other.createdAt >= created) continue;
    found.set(key, { createdAt: created, container: { id, namespace, pod, uid, name, stats: own } });
  }
  return [...found.values()].map(({ container }) => container);
}
