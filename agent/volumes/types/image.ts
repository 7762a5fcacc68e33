// The files of an image, for reading (KEP-4639).

import { VolumeError } from '../volume-error.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

export const image: NodeVolumeTypeOf<'image'> = {
  // One that is not to be had holds up no container that does not mount it, as kubelet has it.
  awaitedByItsContainers: true,
  async mount(source, { images, pod, name, volumesDir }) {
    if (!images) throw new VolumeError(`volume "${name}" is an image, which this node has no snapshots for`);
    return { path: await images.mount(pod, name, source, volumesDir), readOnly: true };
  },
  async release(uid, volumesDir, { images }) {
    await images?.release(uid, volumesDir);
  },
};
