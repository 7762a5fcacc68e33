// A directory of this node as a PersistentVolume, which the group of a pod is given.

import fs from 'node:fs/promises';
import { filesystemUse } from '../filesystem-use.ts';
import { ownByGroup } from '../ownership.ts';
import { onFilesOf } from '../remote-volume.ts';
import { groupOf, type NodeVolumeTypeOf } from '../volume-type.ts';
import { hostPathVolume } from './host-path.ts';

export const local: NodeVolumeTypeOf<'local'> = {
  async persistent({ path }, { pod }, readOnly) {
    const directory = await hostPathVolume({ path, type: 'Directory' });
    const group = groupOf(pod);
    if (group === undefined || readOnly) return directory;
    const onMismatch = pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
    const own = async () => {
      if (!onMismatch || (await fs.stat(directory)).gid !== group) await ownByGroup(directory, group);
    };
    await onFilesOf(directory, own, { links: true });
    return directory;
  },
  use: ({ path }) => filesystemUse(path),
};
