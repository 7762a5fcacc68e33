// `zeroplane status`: which of the cluster's processes run.

import { type ClusterOptions, readCluster } from './cluster.ts';
import { processFiles, runningPid } from './process.ts';
import { UserError } from './user-error.ts';

export async function status(options: ClusterOptions & { output: string }): Promise<void> {
  const cluster = readCluster(options.dataDir);
  if (!cluster) throw new UserError(`no cluster in ${options.dataDir}: start one with \`npm run up\``);
  const pids = {
    controlPlane: runningPid(processFiles(cluster.dataDir, 'control-plane')) ?? null,
    agent: runningPid(processFiles(cluster.dataDir, 'agent')) ?? null,
  };
  if (options.output === 'json') {
    console.log(JSON.stringify({ ...cluster, ...pids }, null, 2));
    return;
  }
  const say = (name: string, pid: number | null) =>
    console.log(`${name.padEnd(14)} ${pid ? `runs (pid ${pid})` : 'stopped'}`);
  say('control plane', pids.controlPlane);
  say('agent', pids.agent);
  console.log(`${'API'.padEnd(14)} https://127.0.0.1:${cluster.port}`);
  console.log(`${'kubeconfig'.padEnd(14)} ${cluster.kubeconfig}`);
}
