// The edge to DynamoDB: the requests that the engine sends, as functions, so that a model or a wrapper can stand in for the client.

import type {
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  TransactWriteItemsCommandInput,
  TransactWriteItemsCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

type Answer<Output> = Promise<Omit<Output, '$metadata'>>;

export interface DynamoCalls {
  getItem(input: GetItemCommandInput): Answer<GetItemCommandOutput>;
  batchGetItem(input: BatchGetItemCommandInput): Answer<BatchGetItemCommandOutput>;
  query(input: QueryCommandInput): Answer<QueryCommandOutput>;
  updateItem(input: UpdateItemCommandInput): Answer<UpdateItemCommandOutput>;
  putItem(input: PutItemCommandInput): Answer<PutItemCommandOutput>;
  deleteItem(input: DeleteItemCommandInput): Answer<DeleteItemCommandOutput>;
  transactWriteItems(input: TransactWriteItemsCommandInput): Answer<TransactWriteItemsCommandOutput>;
}

/** The calls over AWS's client. It is the caller's to make and destroy; give it `maxAttempts: 1`, because the engine retries by itself. */
export function clientCalls(client: DynamoDBClient): DynamoCalls {
  return {
    getItem: (input) => client.send(new GetItemCommand(input)),
    batchGetItem: (input) => client.send(new BatchGetItemCommand(input)),
    query: (input) => client.send(new QueryCommand(input)),
    updateItem: (input) => client.send(new UpdateItemCommand(input)),
    putItem: (input) => client.send(new PutItemCommand(input)),
    deleteItem: (input) => client.send(new DeleteItemCommand(input)),
    transactWriteItems: (input) => client.send(new TransactWriteItemsCommand(input)),
  };
}
