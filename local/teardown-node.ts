// Takes the node off the machine: pods, mounts, network rules, containerd. Its data stays.

import { existsSync } from 'node:fs';
import { ensureBundles } from './bundle.ts';
import type { Cluster } from './cluster.ts';
import { agentDir } from './images.ts';
import { runProgram } from './run-program.ts';

export async function teardownNode(cluster: Cluster): Promise<undefined> {
  if (!existsSync(agentDir(cluster))) return;
  const { agent } = await ensureBundles();
  await runProgram(agent, ['teardown', '--data-dir', agentDir(cluster)]);
}
