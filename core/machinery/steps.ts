// What takes microseconds for each value takes long for very many. Work on a large body or object goes in steps, and between two steps
// whoever else waits has a turn of the thread. Whether it is large depends on its bytes alone, so that the order of things does not
// depend on how quick a machine is.

import { setImmediate } from 'node:timers/promises';

/** Beyond this many bytes a value is worked on in turns. Nearly none is: turns would cost the others more than they give. */
export const largeBytes = 64 * 1024;

/** Work that says where it may pause. */
export type Steps<T> = Generator<void, T, void>;

export function atOnce<T>(steps: Steps<T>): T {
  let result = steps.next();
  while (!result.done) result = steps.next();
  return result.value;
}

/** `large`: lets everything run that is due, after each step. */
export function runYielding<T>(steps: Steps<T>, large: boolean | undefined): T | Promise<T> {
  return large ? eachInItsTurn(steps) : atOnce(steps);
}

async function eachInItsTurn<T>(steps: Steps<T>): Promise<T> {
  for (let result = steps.next(); ; result = steps.next()) {
    if (result.done) return result.value;
    await yieldToEventLoop();
  }
}

/** Lets everything run that is due. */
export function yieldToEventLoop(): Promise<void> {
  return setImmediate();
}
