// The queues that wake scheduler, controllers and the node notifier where they are functions: which changes concern whom, and
// what a message says. A message is a hint (D2): it may be lost, doubled or late.

import { nodeResources } from '../node/protocol.ts';
import { isOwnType } from '../store/own-types.ts';
import type { TypeName } from '../store/store.ts';
import { schedulerWatches } from './scheduler-types.ts';

export const workers = ['controllers', 'scheduler', 'notifier'] as const;

export type Worker = (typeof workers)[number];

export interface WorkHint {
  /** Types that were written. Empty: look at everything. */
  readonly types: readonly TypeName[];
  /** From the schedule: see to what runs out with time, too. */
  readonly housekeeping?: boolean;
}

export function workQueue(worker: Worker): string {
  return `work-${worker}`;
}

const schedulerTypes: ReadonlySet<TypeName> = new Set(schedulerWatches);
const notifierTypes: ReadonlySet<TypeName> = new Set(nodeResources);
/** Written often, and nobody's cause to act: what owns or expires them is found by the next look. */
const nobodys: ReadonlySet<TypeName> = new Set(['events', 'events.k8s.io/events', 'coordination.k8s.io/leases']);

/** Whether a change of `type` may give the worker something to do. */
export function concerns(worker: Worker, type: TypeName): boolean {
  if (isOwnType(type) || nobodys.has(type)) return false;
  if (worker === 'scheduler') return schedulerTypes.has(type);
  if (worker === 'notifier') return notifierTypes.has(type);
  return true;
}
