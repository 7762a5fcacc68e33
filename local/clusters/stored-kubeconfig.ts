// The administrator's kubeconfig of a hosted cluster, as its folder has it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { clustersPath } from '../../core/hosted/hosted-path.ts';
import type { KubeconfigOptions } from '../../functions/apiserver/hosted/kubeconfig-responder.ts';
import type { Clusters } from './clusters.ts';
import { clusterDir } from './made-cluster.ts';

export function storedKubeconfig(hostDir: string, clusters: () => Clusters): KubeconfigOptions['kubeconfigOf'] {
  return async (name, host) => {
    const hosted = await clusters().find(name);
    return async () => {
      // What it is made of is there once the cluster has run.
      const release = await clusters().use(hosted);
      try {
        const file = join(clusterDir(hostDir, hosted.asked.uid), 'admin.kubeconfig');
        // as: our own file.
        const config = parse(await readFile(file, 'utf8')) as { clusters: { cluster: { server: string } }[] };
        const [first] = config.clusters;
        // By the name that its client reaches this server by.
        if (host !== undefined && first) first.cluster.server = `https://${host}${clustersPath}${name}`;
        return config;
      } finally {
        release();
      }
    };
  };
}
