// What an error of DynamoDB, or of the way there, means for the engine.

import { AwsError } from '../../signature/json-service.ts';

/**
 * refused: nothing happened, try again. unknown: it may have happened. condition: a condition did not hold. cancelled: a transaction
 * was, for the reasons that it carries. fatal: no use to try again.
 */
export type Meaning = 'refused' | 'unknown' | 'condition' | 'cancelled' | 'fatal';

export function meaningOf(error: unknown): Meaning {
  if (!(error instanceof Error)) return 'fatal';
  if (error.name === 'ConditionalCheckFailedException') return 'condition';
  if (error.name === 'TransactionCanceledException') return 'cancelled';
  if (refusals.has(error.name)) return 'refused';
  if (unknowns.has(error.name)) return 'unknown';
  if (error instanceof AwsError && error.fault === 'server') return 'unknown';
  const { code } = error as Error & { code?: unknown };
  // A failure of the socket: how far the request came is not known.
  return typeof code === 'string' && networkCodes.has(code) ? 'unknown' : 'fatal';
}

/** Cancellation reasons after which the same transaction may be tried again. */
export const retryableReasons: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

const refusals = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
  'ReplicatedWriteConflictException',
]);

const unknowns = new Set([
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TransactionInProgressException',
  'TimeoutError',
  'RequestTimeout',
  'AbortError',
]);

const networkCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
]);
