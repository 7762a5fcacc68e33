// Brings a node's network to the newest state, one state at a time: those that arrive meanwhile become one, and what failed comes again.

import { createBackoff } from '../backoff.ts';

export interface NewestStateOptions<T> {
  /** What a state takes, in order; each is done whatever became of the ones before it. */
  steps(state: T): readonly (() => Promise<void>)[];
  onError(error: unknown): void;
  /** A step failed: all of them are done again, after a pause that grows. */
  onFailed(): void;
}

export interface NewestState<T> {
  /** Resolves when this state, or a newer one, was worked on. */
  apply(state: T): Promise<void>;
  /** The newest state once more. */
  again(): void;
  /** There is a state, and nothing works on it. */
  readonly isSettled: boolean;
  readonly isStopped: boolean;
  start(): void;
  /** Resolves when nothing works any more. */
  stop(): Promise<void>;
}

export function createNewestState<T extends object>({
  steps,
  onError,
  onFailed,
}: NewestStateOptions<T>): NewestState<T> {
  let latest: T | undefined;
  let pending = false;
  let working: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  const backoff = createBackoff(2000, 60_000, Math.random);

  const work = async (state: T) => {
    let failed = false;
    for (const step of steps(state))
      await step().catch((error: unknown) => {
        onError(error);
        failed = true;
      });
    if (!failed) return backoff.reset();
    onFailed();
    retry ??= setTimeout(again, backoff.next()).unref();
  };

  const drain = (): Promise<void> => {
    working ??= (async () => {
      // Not before `working` is set: what follows must not end in the same breath.
      await Promise.resolve();
      while (pending && latest !== undefined && !stopped) {
        pending = false;
        await work(latest);
      }
      working = undefined;
    })();
    return working;
  };

  const again = () => {
    retry = undefined;
    pending = true;
    void drain();
  };

  return {
    async apply(state) {
      latest = state;
      pending = true;
      await drain();
    },
    again,
    get isSettled() {
      return latest !== undefined && working === undefined;
    },
    get isStopped() {
      return stopped;
    },
    start() {
      stopped = false;
    },
    async stop() {
      stopped = true;
      clearTimeout(retry);
      retry = undefined;
      await working;
    },
  };
}
