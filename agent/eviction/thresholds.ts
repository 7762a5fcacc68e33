// When a node has too little of something: kubelet's `--eviction-hard`, such as `memory.available<100Mi,nodefs.available<10%`. Pure.

import { numberOfQuantity, quantityError } from '../../core/machinery/quantity.ts';
import { type Observation, type Observations, type Signal, signals } from '../stats/signals.ts';

export interface Threshold {
  readonly signal: Signal;
  /** Bytes or pieces, or a share of the capacity, from 0 to 1. */
  readonly quantity?: number;
  readonly share?: number;
}

/** kubelet's own, and a tenth of the process ids. */
export const defaultEvictionHard =
  'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%,pid.available<10%';

/** Throws Error, which says what is wrong with which part. Empty: nothing is ever too little. */
export function parseThresholds(text: string): Threshold[] {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const thresholds = parts.map((part): Threshold => {
    const [name = '', value = ''] = part.split('<').map((each) => each.trim());
    const signal = signals.find((each) => each === name);
    if (!signal) throw new Error(`"${part}": "${name}" is none of ${signals.join(', ')}`);
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
    if (percent !== undefined) {
      if (Number(percent) > 100) throw new Error(`"${part}": more than all of it`);
      return { signal, share: Number(percent) / 100 };
    }
    const fault = quantityError(value);
    if (fault !== undefined || numberOfQuantity(value) < 0)
      throw new Error(`"${part}": give a quantity such as 100Mi, or a percentage`);
    return { signal, quantity: numberOfQuantity(value) };
  });
  const twice = thresholds.find(({ signal }, i) => thresholds.findIndex((each) => each.signal === signal) < i);
  if (twice) throw new Error(`${twice.signal} is given twice`);
  return thresholds;
}

export interface Met {
  readonly signal: Signal;
  readonly available: number;
  readonly threshold: number;
}

/** Memory first: it is what ends the machine soonest. */
export function thresholdsMet(thresholds: readonly Threshold[], seen: Observations): Met[] {
  return signals.flatMap((signal) => {
    const own = thresholds.find((each) => each.signal === signal);
    const { available, capacity } = observationOf(seen, signal);
    if (!own || capacity === 0) return [];
    const threshold = own.quantity ?? Math.floor((own.share ?? 0) * capacity);
    return available < threshold ? [{ signal, available, threshold }] : [];
  });
}

export type PressureKind = 'memory' | 'disk' | 'pids';

export function pressureOf(signal: Signal): PressureKind {
  if (signal === 'memory.available') return 'memory';
  return signal === 'pid.available' ? 'pids' : 'disk';
}

/** The resource that an eviction's message names. */
export function resourceOf(signal: Signal): string {
  if (signal.endsWith('.inodesFree')) return 'inodes';
  if (signal === 'pid.available') return 'pids';
  return signal === 'memory.available' ? 'memory' : 'ephemeral-storage';
}

function observationOf(seen: Observations, signal: Signal): Observation {
  return new Map(Object.entries(seen)).get(signal) ?? { available: 0, capacity: 0 };
}
