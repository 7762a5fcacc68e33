// An empty directory: of the pod's own, on the node's disk or in memory.

import fs from 'node:fs/promises';
import { numberOfQuantity } from '../../../core/machinery/quantity.ts';
import type { V1EmptyDirVolumeSource } from '../../../generated/kubernetes.ts';
import { VolumeError } from '../volume-error.ts';
import { groupOf, type NodeVolumeTypeOf, type VolumeContext } from '../volume-type.ts';

export const emptyDir: NodeVolumeTypeOf<'emptyDir'> = {
  mount: async (source, context) => ({ path: await makeDirectory(source, context), readOnly: false }),
};

async function makeDirectory(
  { medium, sizeLimit }: V1EmptyDirVolumeSource,
  { pod, name, directory, host }: VolumeContext,
): Promise<string> {
  const created = await fs.mkdir(directory, { recursive: true });
  if (medium === 'Memory') {
    await host.inMemory(directory, sizeLimit ? Math.floor(numberOfQuantity(sizeLimit)) : undefined);
    await fs.chmod(directory, 0o777);
  } else if (medium) throw new VolumeError(`volume "${name}": medium ${medium} is not supported on this node`);
  else if (created) await fs.chmod(directory, 0o777);
  const group = groupOf(pod);
  if (group !== undefined && (created || medium === 'Memory')) await host.ownByGroup(directory, group);
  return directory;
}
