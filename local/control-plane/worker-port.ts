// What the main thread asks the thread of scheduler and controllers, when it is asked itself: whether it answers, and what it counted.

import type { MessagePort } from 'node:worker_threads';
import type { Family } from '../../core/metrics/family.ts';

export interface WorkerState {
  /** Scheduler and controllers have read what there is, and work. */
  readonly started: boolean;
  /** Controllers have nothing to do at this moment; when they will have, by themselves (Unix milliseconds). */
  readonly quiet: boolean;
  readonly nextDue?: number | undefined;
  /** Undefined where only the state was asked for. */
  readonly families?: readonly Family[];
}

/** What the worker's end tells of. */
export interface WorkerParts {
  readonly started: () => boolean;
  readonly quiet: () => boolean;
  readonly nextDue: () => number | undefined;
  readonly families: () => readonly Family[];
}

/** What the main thread's end can ask. Neither gives up by itself: a thread that is stuck does not answer. */
export interface AskWorker {
  state(): Promise<WorkerState>;
  /** Whether it has work, and when it will have. */
  work(): Promise<Pick<WorkerState, 'quiet' | 'nextDue'>>;
  families(): Promise<readonly Family[]>;
}

interface Question {
  readonly id: number;
  readonly families: boolean;
}

type Reply = WorkerState & { readonly id: number };

export function answerQuestions(port: MessagePort, { started, quiet, nextDue, families }: WorkerParts): void {
  port.on('message', ({ id, families: wanted }: Question) => {
    const state = { started: started(), quiet: quiet(), nextDue: nextDue() };
    port.postMessage({ id, ...state, ...(wanted && { families: families() }) } satisfies Reply);
  });
}

export function askWorker(port: MessagePort): AskWorker {
  const pending = new Map<number, (reply: Reply) => void>();
  let nextId = 1;
  port.on('message', (reply: Reply) => {
    pending.get(reply.id)?.(reply);
    pending.delete(reply.id);
  });
  const ask = (families: boolean) =>
    new Promise<Reply>((resolve) => {
      const id = nextId++;
      pending.set(id, resolve);
      port.postMessage({ id, families } satisfies Question);
    });
  return {
    state: () => ask(false),
    work: () => ask(false),
    families: async () => (await ask(true)).families ?? [],
  };
}
