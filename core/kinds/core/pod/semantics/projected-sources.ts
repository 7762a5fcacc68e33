// The sources of a pod's projected volumes, of all of them.

import type { V1PodSpec, V1VolumeProjection } from '../../../../../generated/kubernetes.ts';

export function projectedSources(spec: V1PodSpec | undefined): V1VolumeProjection[] {
  return (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
}
