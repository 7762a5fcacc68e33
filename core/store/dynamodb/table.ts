// What the table looks like: its keys, the index of what expires, and DynamoDB's own collector. Who makes it (infra, tests) takes it from here.

import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The sparse index of items that expire: hash `g` (a bucket), range `x` (Unix seconds). */
export const expiryIndex = 'expiry';

/** Expiring items spread over this many keys of the index, so that none of them is hot. */
export const expiryBuckets = 4;

/** The attribute by which DynamoDB's TTL collects log entries, in Unix seconds. */
export const collectedAtAttribute = 't';

/** The partition in which what is noted of a worker lies. */
export function wakePartition(worker: string): string {
  return `wake#${worker}`;
}

/** The partition of what is due; the stream tells of writes to it. */
export const duePartition = 'due';

export function tableDefinition(table: string): CreateTableCommandInput {
  return {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'p', AttributeType: 'S' },
      { AttributeName: 's', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'S' },
      { AttributeName: 'x', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'p', KeyType: 'HASH' },
      { AttributeName: 's', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: expiryIndex,
        KeySchema: [
          { AttributeName: 'g', KeyType: 'HASH' },
          { AttributeName: 'x', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  };
}
