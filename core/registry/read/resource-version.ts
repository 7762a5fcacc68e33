// Resource versions in requests: parsing, and the two failures of asking for what is not there.

import { badRequest, StatusError } from '../../machinery/status.ts';

/** 0 for an empty one. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(
      `Invalid value: ${JSON.stringify(text)}: resourceVersion must be a number that the server gave out`,
    );
  }
  return value;
}

/** A resource version above the newest: a client that is ahead of this server, or of another cluster. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError('Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });
}

export function tooOldResourceVersion(asked: number, oldest: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${asked} (${oldest})`);
}
