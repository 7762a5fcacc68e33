// The data of a ConfigMap.

import { type Picking, pickedFiles } from '../picked-files.ts';
import type { NodeVolumeTypeOf, VolumeContext, VolumeFiles } from '../volume-type.ts';

export const configMap: NodeVolumeTypeOf<'configMap'> = {
  files: async ({ name = '', items, optional, defaultMode = 0o644 }, context) =>
    configMapFiles(name, { items, optional, mode: defaultMode }, context),
};

export function configMapFiles(name: string, picking: Picking, { pod, objects }: VolumeContext): VolumeFiles {
  const found = objects.configMap(pod.metadata.namespace, name);
  const data = found && [
    ...Object.entries(found.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(found.binaryData ?? {}).map(([key, base64]) => [key, Buffer.from(base64, 'base64')] as const),
  ];
  return pickedFiles(data && new Map(data), picking, `configmap "${name}"`);
}
