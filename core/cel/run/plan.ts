// What a node becomes: a value that is known already, or a step; and what those who plan parts of a tree ask of the whole.

import type { Checked } from '../check/checker.ts';
import type { Node } from '../syntax/tree.ts';
import type { Value } from '../values/values.ts';
import type { Step } from './frame.ts';

export interface Plan {
  readonly step: Step;
  readonly constant: Value | undefined;
}

export interface Planning {
  readonly checked: Checked;
  node(node: Node): Plan;
  /** Slots for names of a loop, while `within` is planned. */
  local<T>(names: readonly string[], within: (slots: readonly number[]) => T): T;
}

export function constantly(value: Value): Plan {
  return { step: () => value, constant: value };
}
