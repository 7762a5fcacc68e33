// The node whose directory a volume is, if it is one that the class local-path made: it knows the volume without a pod that uses it, too,
// since it removes the directory of one that is gone.

import type { ObjectMeta } from '../../../machinery/object.ts';

export function volumeHome({ metadata: { annotations } }: { readonly metadata: ObjectMeta }): string | undefined {
  return annotations?.['pv.kubernetes.io/provisioned-by'] === 'zeroplane.dev/local-path'
    ? annotations['volume.kubernetes.io/selected-node']
    : undefined;
}
