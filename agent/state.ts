// Where an agent keeps what is its own, and what it writes down for the command that takes its node off the machine.

import { createHash } from 'node:crypto';
import path from 'node:path';
import { readStateFile, writeStateFile } from './control-plane/state-file.ts';
import type { NetworkOptions } from './network/contract.ts';
import { overlayKeyFile } from './network/overlay/key.ts';
import type { AgentOptions } from './options.ts';

/** What teardown must know of the options that the agent ran with; credentials are not among it. */
export type KeptOptions = Omit<AgentOptions, 'credentials' | 'podCIDR'> & { readonly podCIDR: string };

export function agentPaths(dataDir: string) {
  return {
    pods: path.join(dataDir, 'pods'),
    memory: path.join(dataDir, 'memory'),
    /** Of CSI drivers, where another cluster has the machine's. */
    kubelet: path.join(dataDir, 'kubelet'),
    /** Of pods, where another cluster has the machine's. */
    logs: path.join(dataDir, 'logs'),
    /** The last desired state. */
    state: path.join(dataDir, 'desired.json'),
    agent: path.join(dataDir, 'agent.json'),
    /** The directories that are volumes. */
    localPath: path.join(dataDir, 'local-path.json'),
    /** Apart for each data directory: nodes of two clusters on one machine may have one name, and each goes with its own pods. */
    cgroupRoot: (nodeName: string) =>
      `/zeroplane/${nodeName}-${createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 8)}`,
  };
}

export async function saveAgentState(options: AgentOptions, podCIDR: string): Promise<void> {
  const { credentials: _, ...kept } = options;
  await writeStateFile(agentPaths(options.dataDir).agent, { ...kept, podCIDR } satisfies KeptOptions);
}

export function networkOptions(options: Omit<AgentOptions, 'credentials'>, podCIDRs: string): NetworkOptions {
  const [podCIDR, podCIDR6] = families(podCIDRs);
  const [clusterCIDR, clusterCIDR6] = families(options.clusterCIDR);
  const [serviceCIDR, serviceCIDR6] = families(options.serviceCIDR);
  const [clusterDNS, clusterDNS6] = families(options.clusterDNS);
  const both = podCIDR6 && clusterCIDR6 && serviceCIDR6 && clusterDNS6;
  return {
    ...(both && {
      ipv6: {
        ...{ podCIDR: podCIDR6, clusterCIDR: clusterCIDR6, serviceCIDR: serviceCIDR6, clusterDNS: clusterDNS6 },
        ...(options.nodeIPv6 !== undefined && { nodeIP: options.nodeIPv6 }),
      },
    }),
    nodeName: options.nodeName,
    nodeIP: options.nodeIP,
    podCIDR,
    clusterCIDR,
    serviceCIDR,
    clusterDNS,
    clusterDomain: options.clusterDomain,
    dataDir: options.dataDir,
    cniConfDir: path.join(options.dataDir, 'cni', 'net.d'),
    overlayKeyFile: overlayKeyFile(options.dataDir),
    ...(options.podApi && { apiAddress: options.podApi.address }),
    ...(options.networkPrefix && { prefix: options.networkPrefix }),
  };
}

/** What a text says of IPv4, and what of IPv6 after a comma. */
function families(text: string): [string, string | undefined] {
  const [first = '', second] = text.split(',').map((each) => each.trim());
  return [first, second];
}

/** Undefined: no agent ran on this data directory, or its network was never set up. */
export function readKeptOptions(dataDir: string): Promise<KeptOptions | undefined> {
  return readStateFile<KeptOptions>(agentPaths(dataDir).agent);
}
