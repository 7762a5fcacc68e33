// `zeroplane node list`: which nodes there are, and how they are.

import type { ApiClient } from '../../agent/api-client/api-client.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import { type ClusterApiOptions, withClusterApi } from './cluster-api.ts';

export async function listNodes(options: ClusterApiOptions): Promise<void> {
  const nodes = await withClusterApi(options, readNodes);
  const rows = nodes.map((node) => [
    node.metadata?.name ?? '',
    stateOf(node),
    node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '-',
    node.spec?.podCIDR ?? '-',
    node.status?.nodeInfo?.architecture ?? '-',
    node.status?.nodeInfo?.kubeletVersion ?? '-',
  ]);
  const all = [['NAME', 'STATE', 'ADDRESS', 'PODS', 'ARCH', 'VERSION'], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0))) ?? [];
  for (const row of all)
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

async function readNodes(api: ApiClient): Promise<readonly V1Node[]> {
  return (await api.json<{ items: V1Node[] }>('GET', '/api/v1/nodes')).items;
}

/** As kubectl's column STATUS; what is not Ready says why. */
function stateOf({ spec, status }: V1Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const words = [ready?.status === 'True' ? 'Ready' : 'NotReady'];
  if (spec?.unschedulable) words.push('SchedulingDisabled');
  const why = ready === undefined ? 'its agent has not reported yet' : ready.message;
  return words[0] === 'Ready' || !why ? words.join(',') : `${words.join(',')} (${why})`;
}
