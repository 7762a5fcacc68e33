// A node that runs Windows. Tried with a containerd that was recorded (windows.test.ts), never on a machine: docs/workers.md says what of it.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { tryRun } from '../../../core/process/run.ts';
import type { NetworkOptions } from '../../network/contract.ts';
import { runningContainers } from '../../stats/running-containers.ts';
import type { Platform } from '../platform.ts';
import { createWindowsMachine } from './machine.ts';
import { createWindowsNetwork, type WindowsNetworkParts } from './network.ts';
import { createWindowsPodHost } from './pod-host.ts';
import { createPowerShell, type RunProgram } from './power-shell.ts';
import { openWindowsRuntime } from './runtime.ts';
import { teardownWindows } from './teardown.ts';
import { administrators, allowOnly, createWindowsVolumeHost } from './volume-host.ts';

export interface WindowsParts extends Omit<WindowsNetworkParts, 'powerShell'> {
  readonly run: RunProgram;
  /** Where logs lie: pods' below `pods`. */
  readonly logs: string;
}

export function createWindows({ run, logs, ...parts }: WindowsParts): Platform {
  const powerShell = createPowerShell(run);
  const network = (options: NetworkOptions) => createWindowsNetwork(options, { ...parts, powerShell });
  return {
    os: 'windows',
    machine: createWindowsMachine(powerShell),
    volumes: createWindowsVolumeHost(run),
    systemLogs: logs,
    async protect(dataDir) {
      await mkdir(dataDir, { recursive: true });
      await allowOnly(run, dataDir, administrators);
    },
    // What containerd for Windows is configured with by itself.
    pauseImage: 'registry.k8s.io/pause:3.10.1',
    openRuntime: openWindowsRuntime,
    async claimLogs() {
      const logsDir = path.join(logs, 'pods');
      await mkdir(logsDir, { recursive: true });
      return { logsDir, links: undefined };
    },
    // Of the node's own resolvers pods of the policy Default hear from the DNS of the cluster, which asks them.
    dns: async ({ clusterDomain, nodeIP }) => ({
      servers: [nodeIP],
      domain: clusterDomain,
      host: { servers: [nodeIP], searches: [], options: [] },
    }),
    async pods({ agent, runtime, capacity }) {
      return {
        host: createWindowsPodHost(capacity),
        // The kernel bounds each container by itself; there is nothing that holds a pod.
        cgroups: { parent: () => '', create: async () => undefined, remove: async () => undefined },
        podUses: async () => {
          const uses = new Map<string, { memory: number; processes: number }>();
          for (const { uid, stats } of await runningContainers(runtime, agent.nodeName)) {
            const before = uses.get(uid)?.memory ?? 0;
            uses.set(uid, { memory: before + Number(stats.memory?.workingSetBytes?.value ?? 0), processes: 0 });
          }
          return uses;
        },
        cgroupSource: undefined,
      };
    },
    network,
    overlayKey: () => undefined,
    teardown: (dataDir, log) => teardownWindows(dataDir, network, log),
  };
}

export const windows: Platform = createWindows({
  run: tryRun,
  logs: 'C:\\var\\log',
  cniConfDir: 'C:\\Program Files\\containerd\\cni\\conf',
});
