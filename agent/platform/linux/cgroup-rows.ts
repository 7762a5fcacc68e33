// The rows of the cadvisor page: the machine, all pods of this node, each pod, its sandbox and its containers, as cAdvisor finds them
// under a containerd with plain cgroups.

import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { sandboxStates } from '../../cri/messages.ts';
import type { CgroupRow } from '../../node-api/cgroup-row.ts';
import type { CgroupSource } from '../../node-api/context.ts';
import { statuses } from '../../node-api/statuses.ts';
import { labels } from '../../pods/observed.ts';
import type { CgroupReader, CgroupUse } from '../../stats/cgroup-use.ts';
import { blockDevice } from '../../stats/devices.ts';
import { type InterfaceUse, networkUse } from '../../stats/network-use.ts';
import type { RunningContainer } from '../../stats/running-containers.ts';

type Place = Omit<CgroupRow, 'use' | 'interfaces'> & { readonly network?: (use: CgroupUse) => InterfaceUse[] };

const nobody = { name: '', image: '', namespace: '', pod: '', container: '' };

export interface NodeCgroups {
  readonly reader: CgroupReader;
  /** Of all pods of the node. */
  readonly root: string;
  /** Of one. */
  readonly pod: (uid: string) => string;
}

export function createCgroupSource(cgroups: NodeCgroups): CgroupSource {
  return { rows: (context, running) => readCgroups(cgroups, context, running), device: blockDevice };
}

async function readCgroups(
  cgroups: NodeCgroups,
  context: Parameters<CgroupSource['rows']>[0],
  running: readonly RunningContainer[],
): Promise<CgroupRow[]> {
  const { runtime, options } = context;
  const { items } = await runtime.listPodSandbox({ filter: { labelSelector: { [labels.node]: options.nodeName } } });
  const known = statuses(context);
  const sandboxes = items
    .filter(({ state }) => state === sandboxStates.ready)
    .map((each) => ({
      id: each.id,
      uid: each.labels[labels.podUid] ?? '',
      namespace: each.labels[labels.podNamespace] ?? '',
      pod: each.labels[labels.podName] ?? '',
      startedAt: Number(BigInt(each.createdAt) / 1_000_000n),
    }));
  const pods = new Map(sandboxes.map((each) => [each.uid, each]));
  const places: Place[] = [
    { ...nobody, id: '/', startedAt: context.startedAt, network: () => networkUse('self') },
    { ...nobody, id: cgroups.root, startedAt: context.startedAt },
    ...[...pods.values()].map(({ uid, namespace, pod, startedAt }): Place => {
      return { ...nobody, id: cgroups.pod(uid), namespace, pod, startedAt };
    }),
    ...sandboxes.map(({ id, uid, namespace, pod, startedAt }): Place => {
      const cgroup = path.join(cgroups.pod(uid), id);
      const network = () => networkUse(cgroups.reader.processes(cgroup)[0] ?? -1);
      return { id: cgroup, name: id, image: context.pauseImage, namespace, pod, container: '', startedAt, network };
    }),
    ...running.map(({ id, uid, namespace, pod, name: container, stats: { writableLayer } }): Place => {
      const { image = '', startedAt } = known.get(id) ?? {};
      const bytes = Number(writableLayer?.usedBytes?.value ?? 0);
      const inodes = Number(writableLayer?.inodesUsed?.value ?? 0);
      const place = { id: path.join(cgroups.pod(uid), id), name: id, image, namespace, pod, container, startedAt };
      return { ...place, writableLayer: { bytes, inodes } };
    }),
  ];
  const rows: CgroupRow[] = [];
  for (const { network, ...place } of places) {
    const use = cgroups.reader.use(place.id);
    // It may have gone meanwhile.
    if (use) rows.push({ ...place, use, interfaces: network?.(use) ?? [] });
    // A hundred pods are thousands of small files: others have their turn in between.
    await turn();
  }
  return rows;
}
