// How deep a value that somebody sent may be nested, and how many values it may hold.

import { badRequest, StatusError } from './status.ts';

/** No Kubernetes object comes near it, and every recursive walk has room for it. */
export const maxDepth = 500;

export function isWithinDepth(value: unknown, left = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (left === 0) return false;
  for (const each of Array.isArray(value) ? value : Object.values(value))
    if (!isWithinDepth(each, left - 1)) return false;
  return true;
}

/**
 * Of maps, lists and scalars. Kubernetes has no such limit, and threads enough; what is done with each value here holds up all requests
 * (watchdog.security.test.ts says for how long). An object of 1.5 MB, the most that Kubernetes stores, has as many when each value takes
 * 25 bytes with its name.
 */
export const maxValues = 60_000;

/** For what was read from anything but JSON. Throws BadRequest and RequestEntityTooLarge. */
export function demandReadable(value: unknown): void {
  if (!isWithinDepth(value)) throw tooDeep();
  if (countValues(value, maxValues) > maxValues) throw tooManyValues();
}

export function tooDeep(): StatusError {
  return badRequest(`the request body is nested deeper than ${maxDepth} levels`);
}

export function tooManyValues(): StatusError {
  return new StatusError(
    'RequestEntityTooLarge',
    `the request body has more than ${maxValues} values: send less at once`,
  );
}

/** Whether what somebody else answered is as a request may be, so that it can be worked on like one. */
export function isReadable(value: unknown): boolean {
  return isWithinDepth(value) && !holdsMore(value, maxValues);
}

/** Of a value that is not nested without end. */
export function holdsMore(value: unknown, most: number): boolean {
  return countValues(value, most) > most;
}

/** Stops counting beyond `most`. */
function countValues(value: unknown, most: number): number {
  let count = 1;
  if (typeof value !== 'object' || value === null) return count;
  for (const each of Array.isArray(value) ? value : Object.values(value)) {
    count += typeof each === 'object' && each !== null ? countValues(each, most - count) : 1;
    if (count > most) return count;
  }
  return count;
}
