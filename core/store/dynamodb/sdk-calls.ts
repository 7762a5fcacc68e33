// The calls over AWS's own client: for programs on an operator's machine, and to hold our own protocol against. Functions do not load it
// (D18 says what that would cost).

import {
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../signature/json-service.ts';
import type { DynamoCalls } from './calls.ts';

/** Give it a client with one attempt, because the engine retries by itself. */
export function sdkCalls(client: DynamoDBClient): DynamoCalls {
  return {
    getItem: (input) => asAwsError(client.send(new GetItemCommand(input))),
    batchGetItem: (input) => asAwsError(client.send(new BatchGetItemCommand(input))),
    query: (input) => asAwsError(client.send(new QueryCommand(input))),
    updateItem: (input) => asAwsError(client.send(new UpdateItemCommand(input))),
    putItem: (input) => asAwsError(client.send(new PutItemCommand(input))),
    deleteItem: (input) => asAwsError(client.send(new DeleteItemCommand(input))),
    transactWriteItems: (input) => asAwsError(client.send(new TransactWriteItemsCommand(input))),
  };
}

/** A refusal of the service becomes the AwsError of our own client; what failed on the way stays as it is. */
async function asAwsError<T>(sent: Promise<T>): Promise<T> {
  try {
    return await sent;
  } catch (error) {
    if (!(error instanceof DynamoDBServiceException)) throw error;
    const { name, message, $fault, $metadata, $response, ...details } = error;
    throw new AwsError(name, message, $fault, details);
  }
}
