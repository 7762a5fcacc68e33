// Which pod goes first when a node has too little of something. Pure. Source: Kubernetes, "Node-pressure Eviction", pod selection.

import { qosClass } from '../../core/kinds/core/pod/semantics/qos-class.ts';
import { inQuantities, podTotal } from '../../core/kinds/core/pod/semantics/resources.ts';
import { quantityToNumber } from '../../core/machinery/quantity.ts';
import type { Pod } from '../pod/pod.ts';
import type { Signal } from '../stats/signals.ts';
import { type PressureKind, pressureOf } from './thresholds.ts';

export interface PodUse {
  readonly pod: Pod;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of writable layers, logs and emptyDirs on disk; undefined where they were not measured. */
  readonly disk: number | undefined;
  readonly processes: number;
}

/** From here on a pod is the system's: it is not evicted. */
const critical = 2_000_000_000;

/** Those that may be evicted, the first to go first. */
export function rankForEviction(signal: Signal, pods: readonly PodUse[]): PodUse[] {
  const kind = pressureOf(signal);
  const priority = ({ pod }: PodUse) => pod.spec.priority ?? 0;
  const above = (each: PodUse) => useOf(each, kind) - requestOf(each.pod, kind);
  return pods
    .filter((each) => !isCritical(each.pod))
    .sort((a, b) => {
      // Process ids are asked for by nobody: nobody has more than asked for.
      const exceeds = kind === 'pids' ? 0 : Number(above(b) > 0) - Number(above(a) > 0);
      return exceeds || priority(a) - priority(b) || above(b) - above(a);
    });
}

function isCritical({ spec }: Pod): boolean {
  return (spec.priority ?? 0) >= critical;
}

/** Why a node under pressure does not take a pod; undefined: it does. */
export function refusalUnderPressure(pod: Pod, kinds: ReadonlySet<PressureKind>): string | undefined {
  if (kinds.size === 0 || isCritical(pod)) return undefined;
  if (kinds.size === 1 && kinds.has('memory')) {
    if (qosClass(pod.spec) !== 'BestEffort') return undefined;
    const tolerates = (pod.spec.tolerations ?? []).some(
      ({ key, operator, effect }) =>
        (!effect || effect === 'NoSchedule') &&
        ((!key && operator === 'Exists') || key === 'node.kubernetes.io/memory-pressure'),
    );
    if (tolerates) return undefined;
  }
  const names = { memory: 'MemoryPressure', disk: 'DiskPressure', pids: 'PIDPressure' } as const;
  const conditions = [...kinds].map((kind) => names[kind]).sort();
  return `Pod was rejected: The node had condition: [${conditions.join(' ')}]. `;
}

function useOf({ memory, disk, processes }: PodUse, kind: PressureKind): number {
  return kind === 'memory' ? memory : kind === 'disk' ? (disk ?? 0) : processes;
}

export function requestOf({ spec }: Pod, kind: PressureKind): number {
  if (kind === 'pids') return 0;
  const amount = podTotal(spec, 'requests', inQuantities).get(kind === 'memory' ? 'memory' : 'ephemeral-storage');
  return amount ? quantityToNumber(amount) : 0;
}
