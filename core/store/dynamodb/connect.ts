// The store of a function: table and bucket by name, credentials and endpoints from the environment as AWS's clients read them.

import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import { createJsonService } from '../../signature/json-service.ts';
import type { Claims } from '../claims.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type { Relays } from '../relays.ts';
import type { StreamEnds } from '../stream-ends.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { serviceCalls } from './calls.ts';
import { tableClaims } from './claims.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';
import { tableHeartbeats } from './heartbeats.ts';
import { tableRelays } from './relays.ts';
import { s3LargeValues } from './s3.ts';
import { tableStreamEnds } from './stream-ends.ts';
import { tableSubscriptions } from './subscriptions.ts';
import { reportThrottles } from './throttles.ts';

export interface ConnectedStore {
  readonly store: DynamoStore;
  readonly heartbeats: Heartbeats;
  readonly relays: Relays;
  readonly claims: Claims;
  readonly subscriptions: Subscriptions;
  readonly streamEnds: StreamEnds;
}

/** A function may be frozen in the middle of a request: a connection that died meanwhile is to cost little. */
const answerMs = 4000;

/** `historyMs`: how long the log is kept. `onThrottled`: DynamoDB refused a request because of too many; the store tries it again. */
export function connectStore(
  table: string,
  bucket: string | undefined,
  env: AwsEnvironment,
  onThrottled: () => void,
  historyMs?: number,
): ConnectedStore {
  const calls = reportThrottles(serviceCalls(createJsonService({ service: 'dynamodb', env, answerMs })), onThrottled);
  const large = bucket === undefined ? undefined : s3LargeValues({ env, bucket });
  const store = openDynamoStore({
    calls,
    table,
    ...(large && { large }),
    ...(historyMs && { retentionMs: historyMs }),
  });
  const surroundings = { now: Date.now, sleep: (ms: number) => sleep(ms), random: Math.random };
  return {
    store,
    heartbeats: tableHeartbeats(calls, table, surroundings),
    relays: tableRelays(calls, table, surroundings),
    claims: tableClaims(calls, table, surroundings),
    subscriptions: tableSubscriptions(calls, table, surroundings),
    streamEnds: tableStreamEnds(calls, table, surroundings),
  };
}
