// `zeroplane image list`: of the node on this machine as containerd has them, of others as their Node objects say.

import { listImages } from '../agent/images/load.ts';
import type { V1Node } from '../generated/kubernetes.ts';
import { readCluster } from './cluster.ts';
import { agentDir } from './images.ts';
import { type ClusterApiOptions, isOwnCluster, withClusterApi } from './nodes/cluster-api.ts';
import { table } from './table.ts';

interface ImageRow {
  readonly node: string;
  readonly name: string;
}

export async function printImages(options: ClusterApiOptions & { readonly json: boolean }): Promise<void> {
  const own = isOwnCluster(options) ? readCluster(options.dataDir) : undefined;
  const rows = own
    ? (await listImages(agentDir(own))).map((name) => ({ node: own.nodeName, name }))
    : await withClusterApi(options, async (api) => {
        const { items } = await api.json<{ items: V1Node[] }>('GET', '/api/v1/nodes');
        return items.flatMap(({ metadata, status }) =>
          (status?.images ?? []).flatMap(({ names }) =>
            (names ?? []).map((name): ImageRow => ({ node: metadata?.name ?? '', name })),
          ),
        );
      });
  // Each is there by its digest, too: people know them by their tags.
  const named = rows.filter(({ name }) => !name.startsWith('sha256:') && !name.includes('@'));
  if (options.json) console.log(JSON.stringify(named, null, 2));
  else
    console.log(
      table(
        ['NODE', 'IMAGE'],
        named.map(({ node, name }) => [node, name]),
      ),
    );
}
