// Volumes of CSI drivers: of a PersistentVolume, and of a pod itself (agent/csi).

import { VolumeError } from '../volume-error.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

export const csi: NodeVolumeTypeOf<'csi'> = {
  async mount(source, context) {
    return present(context.csi).inline(source, context);
  },
  async persistent(source, context, readOnly, volume) {
    return present(context.csi).persistent(source, volume, context, readOnly);
  },
  async refresh(source, context, volume) {
    await context.csi?.grow(source, volume, context);
  },
  use: async (_, { csi: volumes, pod, name }, volume) => volumes?.use(pod.metadata.uid, volume?.metadata?.name ?? name),
  async release(uid, _, { csi: volumes }) {
    await volumes?.release(uid);
  },
};

function present<T>(volumes: T | undefined): T {
  if (!volumes) throw new VolumeError('this node has no CSI drivers');
  return volumes;
}
