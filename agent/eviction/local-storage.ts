// Pods that write more than they may: to an emptyDir with a limit, in a container with one, or all together. Pure.
// Source: Kubernetes, "Local ephemeral storage", how Kubernetes evicts.

import { inQuantities, podTotal } from '../../core/kinds/core/pod/semantics/resources.ts';
import { getOwn } from '../../core/machinery/own.ts';
import {
  canonicalQuantity,
  formatQuantity,
  numberOfQuantity,
  quantityToNumber,
} from '../../core/machinery/quantity.ts';
import type { Pod } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';

const resource = 'ephemeral-storage';

/** Bytes. */
export interface DiskUse {
  /** emptyDirs on disk, by the volume's name. */
  readonly emptyDirs: ReadonlyMap<string, number>;
  /** Writable layer and logs, by the container's name. */
  readonly containers: ReadonlyMap<string, number>;
}

/** The names of volumes that are directories on the node's disk. */
export function diskEmptyDirs({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, emptyDir }) => (emptyDir && !emptyDir.medium ? [name] : []));
}

/** Nothing has to be measured of others. */
export function hasStorageLimit(pod: Pod): boolean {
  return (
    (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit && !emptyDir.medium) ||
    podContainers(pod).some(({ spec }) => getOwn(spec.resources?.limits, resource) !== undefined)
  );
}

/** The message of its eviction; undefined: it stays. */
export function storageViolation(pod: Pod, use: DiskUse): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const { sizeLimit, medium } = emptyDir ?? {};
    const limit = numberOfQuantity(sizeLimit);
    if (!sizeLimit || medium || limit === 0 || (use.emptyDirs.get(name) ?? 0) <= limit) continue;
    return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(canonicalQuantity(sizeLimit))}. `;
  }
  const whole = podTotal(pod.spec, 'limits', inQuantities).get(resource);
  const used = [...use.emptyDirs.values(), ...use.containers.values()].reduce((sum, each) => sum + each, 0);
  if (whole && used > quantityToNumber(whole))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(whole)}. `;
  for (const { name, spec } of podContainers(pod)) {
    const limit = getOwn(spec.resources?.limits, resource);
    if (limit !== undefined && (use.containers.get(name) ?? 0) > numberOfQuantity(limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(canonicalQuantity(limit))}. `;
  }
  return undefined;
}
