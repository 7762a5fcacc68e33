// `zeroplane down`: stops the agent, everything it runs, then the control plane. Nothing of the cluster is left on the machine
// but its data, and with --purge not even that.

import { existsSync, rmSync } from 'node:fs';
import { type Cluster, type ClusterOptions, readCluster } from './cluster.ts';
import { clusterDir, clusterDirs } from './clusters/made-cluster.ts';
import { processFiles, stopProcess } from './process.ts';
import { runSteps } from './progress.ts';
import { teardownNode } from './teardown-node.ts';
import { UserError } from './user-error.ts';

/** Whether there was one. */
export async function down(options: ClusterOptions & { purge: boolean }): Promise<boolean> {
  const cluster = readCluster(options.dataDir);
  if (!cluster) {
    if (options.purge && existsSync(options.dataDir)) {
      throw new UserError(
        `--purge: ${options.dataDir} holds no cluster (no cluster.json): delete it yourself if it may go`,
      );
    }
    return false;
  }
  await runSteps([
    { title: 'Agent stopped', run: () => stop(cluster, 'agent') },
    { title: 'Pods, mounts, network rules and containerd removed', run: () => teardownNode(cluster) },
    { title: 'Control plane stopped', run: () => stop(cluster, 'control-plane', cluster.shutdownDelayMs) },
    {
      title: 'Hosted clusters stopped',
      run: () => stopHosted(cluster),
      skip: () => clusterDirs(cluster.dataDir).length === 0,
    },
    { title: 'Data deleted', run: () => purge(cluster), skip: () => !options.purge },
  ]);
  return true;
}

/** `delayMs`: how long the process goes on by itself when it is told to end. */
async function stop(cluster: Cluster, name: string, delayMs = 0): Promise<undefined> {
  await stopProcess(processFiles(cluster.dataDir, name), delayMs + 10_000);
}

/** They end with their host; one that was killed may still be at it. */
async function stopHosted({ dataDir }: Cluster): Promise<undefined> {
  for (const uid of clusterDirs(dataDir))
    await stopProcess(processFiles(clusterDir(dataDir, uid), 'control-plane'), 5_000);
}

async function purge(cluster: Cluster): Promise<undefined> {
  rmSync(cluster.dataDir, { recursive: true, force: true });
  if (!cluster.kubeconfig.startsWith(cluster.dataDir)) rmSync(cluster.kubeconfig, { force: true });
}
