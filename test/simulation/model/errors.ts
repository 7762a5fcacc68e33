// The errors that DynamoDB answers with, as the client makes them.

import {
  type CancellationReason,
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type { ModelItem } from './expressions.ts';

const $metadata = {};

export function conditionFailed(item: ModelItem | undefined): Error {
  const message = 'The conditional request failed';
  return new ConditionalCheckFailedException({ message, $metadata, ...(item && { Item: item }) });
}

export function cancelled(reasons: CancellationReason[]): Error {
  const codes = reasons.map((reason) => reason.Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new TransactionCanceledException({ message, $metadata, CancellationReasons: reasons });
}

export function invalid(message: string): Error {
  return new DynamoDBServiceException({ name: 'ValidationException', $fault: 'client', message, $metadata });
}

export function refused(name: string): Error {
  return new DynamoDBServiceException({ name, $fault: 'client', message: 'try again', $metadata });
}

/** The client gave up waiting: the request may have been carried out, or may yet be. */
export function timedOut(): Error {
  const error = new Error('the connection timed out');
  error.name = 'TimeoutError';
  return error;
}
