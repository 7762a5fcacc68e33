// The errors that DynamoDB answers with, as the engine meets them.

import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../../core/signature/json-service.ts';
import type { ModelItem } from './expressions.ts';

export function conditionFailed(item: ModelItem | undefined): Error {
  const details = item ? { Item: item } : {};
  return new AwsError('ConditionalCheckFailedException', 'The conditional request failed', 'client', details);
}

export function cancelled(reasons: CancellationReason[]): Error {
  const codes = reasons.map((reason) => reason.Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new AwsError('TransactionCanceledException', message, 'client', { CancellationReasons: reasons });
}

export function invalid(message: string): Error {
  return new AwsError('ValidationException', message, 'client', {});
}

export function refused(name: string): Error {
  return new AwsError(name, 'try again', 'client', {});
}

/** The client gave up waiting: the request may have been carried out, or may yet be. */
export function timedOut(): Error {
  const error = new Error('the connection timed out');
  error.name = 'TimeoutError';
  return error;
}
