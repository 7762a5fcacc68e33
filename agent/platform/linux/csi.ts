// CSI drivers on Linux: their sockets below /var/lib/kubelet, and what they mount for pods.

import { publishDrivers } from '../../csi/csi-node.ts';
import { createCsiVolumes } from '../../csi/csi-volumes.ts';
import { createDrivers } from '../../csi/drivers.ts';
import { machineDirectory, openKubeletDirectory } from '../../csi/kubelet-directory.ts';
import type { CsiOptions, NodeCsi } from '../platform.ts';

export async function openCsi(options: CsiOptions): Promise<NodeCsi> {
  const { api, nodeName, dataDir, ownDirectory, onChange, log } = options;
  const directory = await openKubeletDirectory(dataDir, machineDirectory, ownDirectory);
  const drivers = createDrivers({
    registry: directory.registry,
    publish: async (all) => {
      await publishDrivers(api, nodeName, all);
      await onChange();
    },
    log,
  });
  const onUse = () =>
    void onChange().catch((error: unknown) => log.warn({ error: String(error) }, 'a periodic task failed'));
  const volumes = await createCsiVolumes({ api, nodeName, drivers, directory, onUse });
  return {
    volumes,
    topology: () => Object.fromEntries(drivers.all().flatMap(({ node }) => Object.entries(node.topology))),
    start: drivers.start,
    stop: drivers.stop,
  };
}
