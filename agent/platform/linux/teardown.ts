// Takes everything that the agent of a data directory made off a machine with Linux; its data stays.

import type { EventLog } from '../../../core/process/log.ts';
import { teardownNode } from '../../containerd/teardown.ts';
import { machineDirectory, releaseKubeletDirectory } from '../../csi/kubelet-directory.ts';
import { createNetwork } from '../../network/network.ts';
import { releaseMachineLogs } from '../../pods/machine-logs.ts';
import { agentPaths, networkOptions, readKeptOptions } from '../../state.ts';
import { containerdOptions } from './runtime.ts';

/** Where a machine's logs are. */
export const machineLogs = '/var/log';

export async function teardownAgent(dataDir: string, log: EventLog): Promise<void> {
  const paths = agentPaths(dataDir);
  const kept = await readKeptOptions(dataDir);
  const runtime = kept ?? { dataDir, netns: undefined, pauseImage: undefined, cniBinDir: '/usr/lib/cni' };
  const cgroupRoot = kept ? paths.cgroupRoot(kept.nodeName) : '/zeroplane';
  await teardownNode({ containerd: await containerdOptions({ ...runtime, dataDir }), cgroupRoot }, log);
  await releaseKubeletDirectory(dataDir, machineDirectory);
  await releaseMachineLogs(dataDir, machineLogs);
  if (kept) await createNetwork(networkOptions({ ...kept, dataDir }, kept.podCIDR)).teardown();
}
