// Scheduler, controllers and the node notifier where they are functions that are woken: which changes concern whom, and what a wake-up
// says. It is a hint (D2): it may be lost, doubled or late. Housekeeping is asked for again by each turn of the schedule.

import { clusterType } from '../hosted/cluster-type.ts';
import { nodeResources } from '../node/protocol.ts';
import { isOwnType } from '../store/own-types.ts';
import type { TypeName } from '../store/store.ts';
import { schedulerWatches } from './scheduler-types.ts';

export interface WorkerRow {
  /** Types whose changes may give it something to do; without it every resource's. */
  readonly watches?: ReadonlySet<TypeName>;
  /** How often it looks at everything, whatever signal was lost. */
  readonly everyMinutes: number;
  /** It sees to what runs out with time, too. */
  readonly housekeeping?: boolean;
}

/** A worker is a function of this name. */
export const workerRows = {
  controllers: { everyMinutes: 5, housekeeping: true },
  scheduler: { everyMinutes: 5, watches: new Set<TypeName>(schedulerWatches) },
  // It looks at extension API servers, too: their Services, endpoints and namespaces wake it anyway.
  notifier: { everyMinutes: 15, watches: new Set<TypeName>([...nodeResources, 'apiregistration.k8s.io/apiservices']) },
  // Clusters that this one hosts: makes and removes them, and runs their controllers.
  hosting: { everyMinutes: 5, housekeeping: true, watches: new Set<TypeName>([clusterType]) },
} as const satisfies Readonly<Record<string, WorkerRow>>;

export type Worker = keyof typeof workerRows;

// as: the keys are these.
export const workers = Object.keys(workerRows) as readonly Worker[];

/** Of each worker. */
export function ofWorkers<T>(make: (worker: Worker) => T): Readonly<Record<Worker, T>> {
  // as: made from the list of all workers.
  return Object.fromEntries(workers.map((worker) => [worker, make(worker)])) as Record<Worker, T>;
}

/** What a worker is called with. Whatever it says, the log says what there is to do. */
export interface Wakeup {
  /** From the schedule, which waits for nobody's turn: a look in vain costs less than to say who looks. */
  readonly resync?: boolean;
  /** From the schedule: see to what runs out with time, too. */
  readonly housekeeping?: boolean;
  /** The uid of the hosted cluster that is to be looked at; without it the host itself. */
  readonly cluster?: string;
}

/** Written often, and nobody's cause to act: what owns or expires them is found by the next look. */
const nobodys: ReadonlySet<TypeName> = new Set(['events', 'events.k8s.io/events', 'coordination.k8s.io/leases']);

/** Whether a change of `type` may give the worker something to do. */
export function concerns(worker: Worker, type: TypeName): boolean {
  if (isOwnType(type) || nobodys.has(type)) return false;
  const { watches }: WorkerRow = workerRows[worker];
  return watches === undefined || watches.has(type);
}
