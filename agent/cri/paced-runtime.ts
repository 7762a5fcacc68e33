// Lets only a few heavy calls run at a time: the machine starts more pods a second that way, and the first of many is up sooner.

import type { ContainerRuntime } from './runtime.ts';

/** `limit`: starting calls at once, and as many that end something: a start that hangs must not keep a pod from ending. */
export function pacedRuntime(runtime: ContainerRuntime, limit: number): ContainerRuntime {
  const starting = createPace(limit);
  const ending = createPace(limit);
  return {
    ...runtime,
    runPodSandbox: starting(runtime.runPodSandbox),
    createContainer: starting(runtime.createContainer),
    startContainer: starting(runtime.startContainer),
    stopPodSandbox: ending(runtime.stopPodSandbox),
    removePodSandbox: ending(runtime.removePodSandbox),
  };
}

function createPace(limit: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await call(...args);
      } finally {
        // The next in line takes the place over.
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    };
}
