// The data of a Secret.

import { type Picking, pickedFiles } from '../picked-files.ts';
import type { NodeVolumeTypeOf, VolumeContext, VolumeFiles } from '../volume-type.ts';

export const secret: NodeVolumeTypeOf<'secret'> = {
  inMemory: true,
  files: async ({ secretName = '', items, optional, defaultMode = 0o644 }, context) =>
    secretFiles(secretName, { items, optional, mode: defaultMode }, context),
};

export function secretFiles(name: string, picking: Picking, { pod, objects }: VolumeContext): VolumeFiles {
  const found = objects.secret(pod.metadata.namespace, name);
  const data = Object.entries(found?.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, 'base64')] as const);
  return pickedFiles(found && new Map(data), picking, `secret "${name}"`);
}
