// The store of a function: table and bucket by name, credentials and endpoints from the environment as AWS's clients read them.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Heartbeats } from '../heartbeats.ts';
import { clientCalls } from './calls.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';
import { tableHeartbeats } from './heartbeats.ts';
import type { LargeValues } from './large-values.ts';

export interface ConnectedStore {
  readonly store: DynamoStore;
  readonly heartbeats: Heartbeats;
}

export function connectStore(table: string, bucket: string | undefined): ConnectedStore {
  // A function may be frozen in the middle of a request: short time-outs, so that a connection that died meanwhile costs little.
  const client = new DynamoDBClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 4000 },
  });
  const calls = clientCalls(client);
  const store = openDynamoStore({ calls, table, ...(bucket !== undefined && { large: bucketValues(bucket) }) });
  return { store, heartbeats: tableHeartbeats(calls, table) };
}

/** Loaded with the first large value: most functions never meet one, and the client takes time to load. */
function bucketValues(bucket: string): LargeValues {
  let loading: Promise<LargeValues> | undefined;
  const values = () => {
    loading ??= import('./bucket-values.ts').then(({ openBucketValues }) => openBucketValues(bucket));
    return loading;
  };
  return {
    put: async (hash, bytes) => (await values()).put(hash, bytes),
    get: async (hash) => (await values()).get(hash),
  };
}
