// What `kubectl get` shows of VolumeAttachments.

import type { V1VolumeAttachment } from '../../../../generated/kubernetes.ts';
import { ageColumn, boolean, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1VolumeAttachment>('Attacher', ({ spec }) => spec.attacher),
  text<V1VolumeAttachment>('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
  text<V1VolumeAttachment>('Node', ({ spec }) => spec.nodeName),
  boolean<V1VolumeAttachment>('Attached', ({ status }) => status?.attached ?? false),
  ageColumn,
];
