// A table of its own for each test.

import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { tableDefinition } from '../../../core/store/dynamodb/table.ts';

export interface MadeTable {
  readonly name: string;
  remove(): Promise<void>;
}

export async function makeTable(client: DynamoDBClient): Promise<MadeTable> {
  const name = `zeroplane-test-${randomUUID()}`;
  await client.send(new CreateTableCommand(tableDefinition(name)));
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName: name });
  return {
    name,
    async remove() {
      await client.send(new DeleteTableCommand({ TableName: name }));
    },
  };
}
