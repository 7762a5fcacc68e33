// Ends pods that write more than they may, and, while the node has too little of something, one pod after the other until it has enough.
// Source: Kubernetes, "Node-pressure Eviction".

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import { formatQuantity, quantityOf } from '../../core/machinery/quantity.ts';
import type { EventLog } from '../../core/process/log.ts';
import type { Pod } from '../pod/pod.ts';
import type { PodWorker } from '../pods/pod-worker.ts';
import type { Observations } from '../stats/signals.ts';
import { type DiskUse, hasStorageLimit, storageViolation } from './local-storage.ts';
import { type MeasureContext, measureDisk, totalOf } from './measure.ts';
import { type PodUse, rankForEviction, refusalUnderPressure, requestOf } from './rank.ts';
import { type Met, type PressureKind, pressureOf, resourceOf, type Threshold, thresholdsMet } from './thresholds.ts';

export type EvictablePod = Pick<PodWorker, 'uid' | 'pod' | 'status' | 'end'>;

export interface EvictionOptions {
  readonly thresholds: readonly Threshold[];
  readonly observe: () => Promise<Observations>;
  readonly measure: MeasureContext;
  readonly pods: () => readonly EvictablePod[];
  /** Removes from the disk what no pod uses. */
  readonly reclaimDisk: () => Promise<void>;
  readonly event: (pod: Pod, message: string) => void;
  /** The node has too little of other things than before. */
  readonly onPressure: () => void;
  readonly log: EventLog;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface Eviction {
  /** Looks, and does what is to be done now; never rejects. */
  look(): Promise<void>;
  /** What the node has too little of, or had until a moment ago. */
  pressure(): ReadonlySet<PressureKind>;
  /** Why it does not take a pod now. */
  refusal(pod: Pod): string | undefined;
}

/** As often as kubelet looks. */
export const evictionIntervalMs = 10_000;
/** A condition goes no sooner, so that the node is not filled and emptied in turns. */
const transitionMs = 300_000;
/** Another pod goes when the one before is gone, or has been going for so long. */
const goingMs = 30_000;
const graceSeconds = 1;

export function createEviction(options: EvictionOptions): Eviction {
  const { measure, log, now } = options;
  const metAt = new Map<PressureKind, number>();
  const going = new Map<string, number>();
  let pressure: ReadonlySet<PressureKind> = new Set();
  let looking: Promise<void> | undefined;

  const evict = (victim: EvictablePod, message: string, disruption: boolean) => {
    const { namespace, name } = victim.pod.metadata;
    log.warn({ pod: `${namespace}/${name}`, why: message }, 'a pod is evicted');
    options.event(victim.pod, message);
    going.set(victim.uid, now());
    victim.end({ reason: 'Evicted', message, graceSeconds, ...(disruption && { disruption }) });
  };
  const active = () =>
    options
      .pods()
      .filter(({ uid, pod, status }) => !going.has(uid) && !isFinished({ status: status ?? pod.status ?? {} }));

  const notePressure = (met: readonly Met[]) => {
    for (const { signal } of met) metAt.set(pressureOf(signal), now());
    const kinds = new Set([...metAt].flatMap(([kind, at]) => (now() - at < transitionMs ? [kind] : [])));
    const changed = kinds.size !== pressure.size || [...kinds].some((kind) => !pressure.has(kind));
    pressure = kinds;
    if (changed) options.onPressure();
  };

  const enforceLimits = async (): Promise<boolean> => {
    const limited = active().filter(({ pod }) => hasStorageLimit(pod));
    const uses = await measureDisk(
      measure,
      limited.map(({ pod }) => pod),
    );
    let any = false;
    for (const each of limited) {
      const use = uses.get(each.uid);
      const message = use && storageViolation(each.pod, use);
      if (message === undefined) continue;
      evict(each, message, false);
      any = true;
    }
    return any;
  };

  const relieve = async ({ signal, ...numbers }: Met) => {
    const kind = pressureOf(signal);
    const candidates = active();
    const disks =
      kind === 'disk'
        ? await measureDisk(
            measure,
            candidates.map(({ pod }) => pod),
          )
        : new Map<string, DiskUse>();
    const measured = await measure.podUses(candidates.map(({ pod }) => pod));
    const uses = candidates.map(({ uid, pod }): PodUse => {
      const disk = disks.get(uid);
      return { pod, memory: 0, processes: 0, ...measured.get(uid), disk: disk && totalOf(disk) };
    });
    const [first] = rankForEviction(signal, uses);
    const victim = first && candidates.find(({ uid }) => uid === first.pod.metadata.uid);
    if (!victim || !first) {
      log.warn({ signal, ...numbers }, 'the node has too little of something, and no pod that may be evicted');
      return;
    }
    evict(victim, messageOf({ signal, ...numbers }, first, kind), true);
  };

  const once = async () => {
    for (const [uid, since] of going) {
      const worker = options.pods().find((each) => each.uid === uid);
      if (!worker || isFinished({ status: worker.status ?? {} })) going.delete(uid);
      else if (now() - since > goingMs) going.set(uid, Number.NEGATIVE_INFINITY);
    }
    const seen = thresholdsMet(options.thresholds, await options.observe());
    notePressure(seen);
    if ((await enforceLimits()) || seen.length === 0) return;
    if ([...going.values()].some((since) => since > 0)) return;
    let [worst] = seen;
    if (worst && pressureOf(worst.signal) === 'disk') {
      await options.reclaimDisk();
      [worst] = thresholdsMet(options.thresholds, await options.observe());
    }
    if (worst) await relieve(worst);
  };

  return {
    look: () => {
      looking ??= once()
        .catch((error: unknown) => log.warn({ error: errorText(error) }, 'what pods use could not be looked at'))
        .finally(() => {
          looking = undefined;
        });
      return looking;
    },
    pressure: () => pressure,
    refusal: (pod) => refusalUnderPressure(pod, pressure),
  };
}

function messageOf(
  { signal, available, threshold }: Met,
  { pod, memory, disk = 0 }: PodUse,
  kind: PressureKind,
): string {
  const resource = resourceOf(signal);
  const shown = (value: number) =>
    formatQuantity(
      quantityOf(Math.floor(value), signal.endsWith('.available') && kind !== 'pids' ? 'BinarySI' : 'DecimalSI'),
    );
  const low = `The node was low on resource: ${resource}. Threshold quantity: ${shown(threshold)}, available: ${shown(available)}. `;
  if (kind === 'pids' || resource === 'inodes') return low;
  const [used, request] = [kind === 'memory' ? memory : disk, requestOf(pod, kind)];
  return used > request ? `${low}Pod was using ${shown(used)}, request is ${shown(request)}. ` : low;
}
