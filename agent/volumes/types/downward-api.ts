// Fields of the pod.

import type { V1DownwardAPIVolumeFile } from '../../../generated/kubernetes.ts';
import { annotationOrLabelField, fieldValue, resourceFieldValue } from '../../pod/downward.ts';
import type { NodeVolumeTypeOf, VolumeContext, VolumeFiles } from '../volume-type.ts';

export const downwardAPI: NodeVolumeTypeOf<'downwardAPI'> = {
  files: async ({ items = [], defaultMode = 0o644 }, context) => downwardFiles(items, defaultMode, context),
};

export function downwardFiles(
  items: readonly V1DownwardAPIVolumeFile[],
  mode: number,
  { pod, nodeName, hostIPs, allocatable }: VolumeContext,
): VolumeFiles {
  const node = { nodeName, hostIPs, podIPs: (pod.status?.podIPs ?? []).map(({ ip }) => ip) };
  return new Map(
    items.map((item) => {
      const path = item.fieldRef?.fieldPath ?? '';
      const text = item.resourceFieldRef
        ? resourceFieldValue(pod, '', item.resourceFieldRef, allocatable)
        : (annotationOrLabelField(pod, path) ?? fieldValue(pod, path, node));
      return [item.path, { content: Buffer.from(text), mode: item.mode ?? mode }];
    }),
  );
}
