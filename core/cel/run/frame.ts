// One run of a program: what its names hold, and what it has cost.

import { CostExceeded, type Value } from '../values/values.ts';

export interface Frame {
  /** undefined: nobody said what the name holds. */
  readonly slots: (Value | undefined)[];
  cost: number;
  readonly limit: number;
}

export type Step = (frame: Frame) => Value;

/** To be called before the work is done that costs it. */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new CostExceeded();
}
