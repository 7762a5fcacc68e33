// How a CSI driver's volume on a node is called, by whoever attaches it and by the node that waits for it.

import { createHash } from 'node:crypto';

/** The VolumeAttachment's name, which attachers and drivers expect: it follows from what is attached where. */
export function attachmentName(driver: string, handle: string, node: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${node}`).digest('hex')}`;
}

/** As a node's status calls the volume (volumesInUse, volumesAttached). */
export function volumeDevice(driver: string, handle: string): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}
