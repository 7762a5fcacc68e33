// A directory of this node as a PersistentVolume, which the group of a pod is given.

import fs from 'node:fs/promises';
import { groupOf, type NodeVolumeTypeOf } from '../volume-type.ts';
import { hostPathVolume } from './host-path.ts';

export const local: NodeVolumeTypeOf<'local'> = {
  async persistent({ path }, { pod, host }, readOnly) {
    const directory = await hostPathVolume({ path, type: 'Directory' }, host);
    const group = groupOf(pod);
    if (group === undefined || readOnly) return directory;
    const onMismatch = pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
    const own = async () => {
      if (!onMismatch || (await fs.stat(directory)).gid !== group) await host.ownByGroup(directory, group);
    };
    await host.onFilesOf(directory, own);
    return directory;
  },
  use: ({ path }, { host }) => host.use(path),
};
