// Fields of features that are off in 1.36 unless one turns them on: what is said there is dropped, as where they are off, unless the
// object had it before. Nothing is taken that would do nothing.

import type { V1Lifecycle, V1PodSpec } from '../../../../generated/kubernetes.ts';
import { allContainers } from './semantics/containers.ts';

/** ContainerStopSignals (KEP-4960): alpha. */
export function dropStopSignals(spec: V1PodSpec | undefined, before?: V1PodSpec): void {
  if (!spec || (before && allContainers(before).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined))) return;
  for (const container of allContainers(spec)) {
    if (container.lifecycle?.stopSignal === undefined) continue;
    const { stopSignal: _dropped, ...others }: V1Lifecycle = container.lifecycle;
    if (Object.keys(others).length > 0) container.lifecycle = others;
    else delete container.lifecycle;
  }
}
