// The edge to DynamoDB: the requests that the engine sends, as functions, so that a model or a wrapper can stand in for the service.

import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  CancellationReason,
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
import { setOwn } from '../../machinery/own.ts';
import { AwsError, type JsonService } from '../../signature/json-service.ts';

type Answer<Output> = Promise<Omit<Output, '$metadata'>>;

/** Each rejects with AwsError for what DynamoDB refuses; its details are as the API documents them. */
export interface DynamoCalls {
  getItem(input: GetItemCommandInput): Answer<GetItemCommandOutput>;
  batchGetItem(input: BatchGetItemCommandInput): Answer<BatchGetItemCommandOutput>;
  query(input: QueryCommandInput): Answer<QueryCommandOutput>;
  updateItem(input: UpdateItemCommandInput): Answer<UpdateItemCommandOutput>;
  putItem(input: PutItemCommandInput): Answer<PutItemCommandOutput>;
  deleteItem(input: DeleteItemCommandInput): Answer<DeleteItemCommandOutput>;
  transactWriteItems(input: TransactWriteItemsCommandInput): Answer<TransactWriteItemsCommandOutput>;
}

type Item = Record<string, AttributeValue>;

/** The calls over DynamoDB's own protocol. Give it a service with one attempt, because the engine retries by itself. */
export function serviceCalls(service: JsonService): DynamoCalls {
  const call = async <Output extends object>(operation: string, input: object): Promise<Output> => {
    try {
      // as: what DynamoDB documents as the answer of this operation, with binaries as texts.
      return (await service.call(operation, toWire(input) as object)) as Output;
    } catch (error) {
      if (error instanceof AwsError) readItem(existingItem(error));
      if (error instanceof AwsError) for (const { Item } of reasonsOf(error)) readItem(Item);
      throw error;
    }
  };
  return {
    async getItem(input) {
      const answer = await call<GetItemCommandOutput>('GetItem', input);
      readItem(answer.Item);
      return answer;
    },
    async batchGetItem(input) {
      const answer = await call<BatchGetItemCommandOutput>('BatchGetItem', input);
      for (const items of Object.values(answer.Responses ?? {})) items.forEach(readItem);
      return answer;
    },
    async query(input) {
      const answer = await call<QueryCommandOutput>('Query', input);
      answer.Items?.forEach(readItem);
      return answer;
    },
    async updateItem(input) {
      const answer = await call<UpdateItemCommandOutput>('UpdateItem', input);
      readItem(answer.Attributes);
      return answer;
    },
    async putItem(input) {
      const answer = await call<PutItemCommandOutput>('PutItem', input);
      readItem(answer.Attributes);
      return answer;
    },
    deleteItem: (input) => call('DeleteItem', input),
    transactWriteItems: (input) => call('TransactWriteItems', input),
  };
}

/** The item that a failed condition met, where the request asked for it. */
export function existingItem({ details }: AwsError): Item | undefined {
  // as: documented for ConditionalCheckFailedException.
  return details['Item'] as Item | undefined;
}

/** What became of each action of a cancelled transaction. */
export function reasonsOf({ details }: AwsError): readonly CancellationReason[] {
  // as: documented for TransactionCanceledException.
  return (details['CancellationReasons'] ?? []) as readonly CancellationReason[];
}

/** Binaries travel as base64. Ours stand at the top of items: in place, since nobody else has this answer. */
function readItem(item: Item | undefined): void {
  if (!item) return;
  for (const [name, { B }] of Object.entries(item)) {
    // as: from the wire it is a text, whatever the client's types say.
    if (typeof (B as unknown) === 'string') setOwn(item, name, { B: Buffer.from(B as unknown as string, 'base64') });
  }
}

function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const name in value) setOwn(result, name, toWire(value[name as keyof typeof value])); // as: one of its names
  return result;
}
