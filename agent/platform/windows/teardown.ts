// Takes everything that the agent of a data directory made off a machine with Windows; its data stays, and containerd is its owner's.

import type { EventLog } from '../../../core/process/log.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Network, NetworkOptions } from '../../network/contract.ts';
import { labels } from '../../pods/observed.ts';
import { networkOptions, readKeptOptions } from '../../state.ts';
import { openWindowsRuntime } from './runtime.ts';

export async function teardownWindows(
  dataDir: string,
  createNetwork: (options: NetworkOptions) => Network,
  log: EventLog,
): Promise<void> {
  const kept = await readKeptOptions(dataDir);
  if (!kept) {
    log.info({ dataDir }, 'no node was set up here: there is nothing to take away');
    return;
  }
  const { runtime, release } = await openWindowsRuntime({ ...kept, dataDir });
  try {
    await removeSandboxes(runtime, kept.nodeName);
  } finally {
    release();
  }
  await createNetwork(networkOptions({ ...kept, dataDir }, kept.podCIDR)).teardown();
}

/** Of this node alone: the containerd may run what others made. */
async function removeSandboxes(runtime: ContainerRuntime, nodeName: string): Promise<void> {
  const { items } = await runtime.listPodSandbox({ filter: { labelSelector: { [labels.node]: nodeName } } });
  for (const { id } of items) {
    await runtime.stopPodSandbox({ podSandboxId: id });
    await runtime.removePodSandbox({ podSandboxId: id });
  }
}
