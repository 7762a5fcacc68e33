// How functions wake workers: what there is to do is noted in the table, and whoever notes it first calls the worker, asynchronously. AWS
// keeps a call that is refused or fails, and tries again. What is due later is noted as well, and called by the stream trigger.

import type { Wakes } from '../store/wakes.ts';
import type { Wakeup, Worker } from './workers.ts';

/** Calls a function by its name, and waits for its acceptance alone. */
export type Invoke = (name: string, event: object) => Promise<void>;

export interface Waking {
  /** Something is to be done. Once this resolves, somebody is going to look. */
  wake(worker: Worker, wakeup?: Wakeup): Promise<void>;
  /** The same at a time (Unix milliseconds), or up to `latenessMs` later. */
  wakeAt(worker: Worker, wakeup: Wakeup, at: number): Promise<void>;
  /** Whoever works now goes on in another invocation. */
  goOn(worker: Worker, wakeup: Wakeup): Promise<void>;
}

/** Whom the stream trigger is to wake, and when: what it is called with. */
export interface SleepRequest {
  readonly sleep: { readonly worker: Worker; readonly wakeup: Wakeup; readonly at: number };
}

const streamTrigger = 'streamTrigger';

/** What is due sooner is slept for by a small function. The stream's window is as long: what is due later waits for one of them. */
export const latenessMs = 10_000;

export interface WakingOptions {
  readonly wakes: Pick<Wakes, 'note' | 'wakeAt'>;
  readonly invoke: Invoke;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export function createWaking({ wakes, invoke, clock }: WakingOptions): Waking {
  return {
    async wake(worker, wakeup = {}) {
      if (await wakes.note(wokenBy(worker, wakeup))) await invoke(worker, wakeup);
    },
    async wakeAt(worker, wakeup, at) {
      if (at - clock() > latenessMs) await wakes.wakeAt(wokenBy(worker, wakeup), at);
      else await invoke(streamTrigger, { sleep: { worker, wakeup, at } } satisfies SleepRequest);
    },
    goOn: invoke,
  };
}

export function wokenBy(worker: Worker, { cluster = '' }: Wakeup) {
  return { worker, part: cluster };
}
