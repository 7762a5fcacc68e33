// Resource versions in requests: parsing, and the two failures of asking for what is not there.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import type { TypeName } from '../../store/store.ts';

/** 0 for an empty one. What no server gave out yet is a number all the same, and too large. Throws BadRequest. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const wrong = (why: string) =>
    badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
    );
  if (!/^[0-9]+$/.test(text)) throw wrong('invalid syntax');
  // 2^64 - 1 has twenty digits; what is rounded to 2^64 is above it or told as it.
  const value = Number(text);
  if (value > 2 ** 64) throw wrong('value out of range');
  return value;
}

/** A resource version above the newest: a client that is ahead of this server, or of another cluster. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError('Timeout', `Timeout: Too large resource version: ${BigInt(asked)}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });
}

/** A read of one object is of the newest; a client that asks for a version is told where there is none so new. Throws StatusError. */
export async function reachesVersion(
  { store }: Pick<ReadEnvironment, 'store'>,
  type: TypeName,
  resourceVersion: string,
): Promise<void> {
  const asked = parseResourceVersion(resourceVersion);
  if (asked === 0) return;
  const head = await store.head(type);
  if (asked > head) throw tooLargeResourceVersion(asked, head);
}

export function tooOldResourceVersion(asked: number, oldest: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${asked} (${oldest})`);
}
