// Lets only a few heavy calls run at a time: the machine starts more pods a second that way, and the first of many is up sooner.

import type { ContainerRuntime } from './runtime.ts';

export interface PacedRuntime extends ContainerRuntime {
  /** Calls that start something are under way, or wait for their turn. */
  readonly isStarting: () => boolean;
}

/** `limit`: starting calls at once, and as many that end something: a start that hangs must not keep a pod from ending. */
export function pacedRuntime(runtime: ContainerRuntime, limit: number): PacedRuntime {
  const starting = createPace(limit);
  const ending = createPace(limit);
  return {
    ...runtime,
    isStarting: starting.isBusy,
    // What is begun is ended first: of many pods at once the first runs before the last has a sandbox.
    startContainer: starting.paced(runtime.startContainer, 0),
    createContainer: starting.paced(runtime.createContainer, 1),
    runPodSandbox: starting.paced(runtime.runPodSandbox, 2),
    stopPodSandbox: ending.paced(runtime.stopPodSandbox, 0),
    removePodSandbox: ending.paced(runtime.removePodSandbox, 0),
  };
}

function createPace(limit: number) {
  /** By rank, the lowest first. */
  const waiting: (() => void)[][] = [];
  let running = 0;
  const paced = <A extends unknown[], R>(call: (...args: A) => Promise<R>, rank: number) => {
    const line = waiting[rank] ?? [];
    waiting[rank] = line;
    return async (...args: A): Promise<R> => {
      if (running >= limit) await new Promise<void>((resolve) => line.push(resolve));
      else running += 1;
      try {
        return await call(...args);
      } finally {
        // The next in line takes the place over.
        const next = waiting.find((each) => each !== undefined && each.length > 0)?.shift();
        if (next) next();
        else running -= 1;
      }
    };
  };
  return { paced, isBusy: () => running > 0 };
}
