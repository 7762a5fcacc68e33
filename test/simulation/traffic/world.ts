// What the parts of one simulation share.

import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import type { VirtualClock } from '../clock.ts';
import type { Network, Sender } from '../faults/network.ts';
import type { WakeUps } from '../faults/wake-ups.ts';
import type { Random } from '../random.ts';
import type { Checker } from '../validation/checker.ts';

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly wakeUps: WakeUps;
  readonly checker: Checker;
  /** Types with the names of their keys. */
  readonly types: readonly { readonly type: string; readonly names: readonly string[]; readonly expires: boolean }[];
  /** The calls of a process, with a mutation around them or without. */
  connect(sender: Sender): DynamoCalls;
  /** Values that no other write has. */
  nextId(): string;
  /** No new operations. */
  stopping: boolean;
  /** How often operations ended in each way. */
  readonly outcomes: Record<string, number>;
}

export function note(world: World, outcome: string): void {
  world.outcomes[outcome] = (world.outcomes[outcome] ?? 0) + 1;
}
