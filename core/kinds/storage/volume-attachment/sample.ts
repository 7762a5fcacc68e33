// A sample of VolumeAttachments.

import { type Sample, sampleMetadata } from '../../../api/sample.ts';

export const sample: Sample = {
  v1: { metadata: sampleMetadata, spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
};
