// A node that runs Linux.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pauseImage } from '../../images/pause.ts';
import { createNetwork } from '../../network/network.ts';
import { overlayKey } from '../../network/overlay/key.ts';
import { claimMachineLogs } from '../../pods/machine-logs.ts';
import { readNodeSecurity } from '../../pods/node-security.ts';
import { createPodCgroups } from '../../pods/pod-cgroup.ts';
import { parseResolvConf } from '../../pods/sandbox-config.ts';
import { createCgroupReader } from '../../stats/cgroup-use.ts';
import { createImageVolumes } from '../../volumes/image-volume.ts';
import type { Platform } from '../platform.ts';
import { createCgroupSource } from './cgroup-rows.ts';
import { cgroupUses } from './cgroup-uses.ts';
import { openCsi } from './csi.ts';
import { linuxMachine } from './machine.ts';
import { createLinuxPodHost } from './pod-host.ts';
import { openRuntime } from './runtime.ts';
import { machineLogs, teardownAgent } from './teardown.ts';
import { linuxVolumeHost } from './volume-host.ts';

/** Processes that a pod may have. */
const pidsLimit = 4096;

export const linux: Platform = {
  os: 'linux',
  machine: linuxMachine,
  volumes: linuxVolumeHost,
  systemLogs: machineLogs,
  pauseImage,
  openRuntime,
  claimLogs: (directories, log) => claimMachineLogs({ ...directories, machine: machineLogs }, log),
  dns: async ({ clusterDNS, clusterDomain }) => ({
    servers: clusterDNS.split(','),
    domain: clusterDomain,
    host: parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
  }),
  async pods({ agent, runtime, capacity, cgroupRoot }) {
    const cgroups = await createPodCgroups(cgroupRoot, pidsLimit);
    const security = await readNodeSecurity({ ...agent, seccompDir: path.join(agent.dataDir, 'seccomp') }, runtime);
    const known = { reader: createCgroupReader(), root: cgroupRoot, pod: cgroups.parent };
    return {
      host: createLinuxPodHost({ security, capacity }),
      cgroups,
      podUses: cgroupUses(known),
      cgroupSource: createCgroupSource(known),
    };
  },
  imageVolumes: createImageVolumes,
  openCsi,
  network: createNetwork,
  overlayKey,
  teardown: teardownAgent,
};
