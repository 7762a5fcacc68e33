// `zeroplane node list`: which nodes there are, and how they are.

import type { ApiClient } from '../../agent/api-client/api-client.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
import { table } from '../table.ts';
import { type ClusterApiOptions, withClusterApi } from './cluster-api.ts';

export async function listNodes(options: ClusterApiOptions & { readonly json: boolean }): Promise<void> {
  const nodes = (await withClusterApi(options, readNodes)).map((node) => ({
    name: node.metadata?.name ?? '',
    state: stateOf(node),
    address: node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '-',
    pods: node.spec?.podCIDRs?.join(',') ?? node.spec?.podCIDR ?? '-',
    arch: node.status?.nodeInfo?.architecture ?? '-',
    version: node.status?.nodeInfo?.kubeletVersion ?? '-',
  }));
  if (options.json) console.log(JSON.stringify(nodes, null, 2));
  else console.log(table(['NAME', 'STATE', 'ADDRESS', 'PODS', 'ARCH', 'VERSION'], nodes.map(Object.values<string>)));
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
