// The store of a function: table and bucket by name, credentials and endpoints from the environment as AWS's clients read them.

import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import { createJsonService } from '../../signature/json-service.ts';
import type { Usage } from '../bounded-store.ts';
import type { Claims } from '../claims.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type { Relays } from '../relays.ts';
import type { Delete, Store } from '../store.ts';
import type { StreamEnds } from '../stream-ends.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { withoutGroups } from '../without-groups.ts';
import { type DynamoCalls, serviceCalls } from './calls.ts';
import { tableClaims } from './claims.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';
import { expired } from './expiry.ts';
import { tableHeartbeats } from './heartbeats.ts';
import { hostedPartOf, hostedValuesOf } from './hosted-part.ts';
import type { LargeValues } from './large-values.ts';
import { prefixedCalls } from './prefixed-calls.ts';
import { tableRelays } from './relays.ts';
import { Requests } from './requests.ts';
import { s3LargeValues } from './s3.ts';
import { tableStreamEnds } from './stream-ends.ts';
import { tableSubscriptions } from './subscriptions.ts';
import { reportThrottles } from './throttles.ts';
import { tableUsage } from './usage.ts';
import { wipe } from './wipe.ts';

export interface ConnectedStore extends ClusterStore {
  /** The part of a hosted cluster. */
  hosted(uid: string): HostedStore;
}

export interface HostedStore extends Omit<ClusterStore, 'store'> {
  readonly store: Store;
  /** Removes large values that nothing refers to any more. */
  collect(): Promise<number>;
  readonly usage: Usage;
  /** Deletes of what has expired, in batches. */
  expired(): AsyncIterable<Delete[]>;
  /** Removes all of it. How many items there were. */
  wipe(): Promise<number>;
}

interface ClusterStore {
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
  const surroundings = { now: Date.now, sleep: (ms: number) => sleep(ms), random: Math.random };
  const open = (own: DynamoCalls, large: LargeValues | undefined): ClusterStore => ({
    store: openDynamoStore({
      calls: own,
      table,
      ...(large && { large }),
      ...(historyMs && { retentionMs: historyMs }),
    }),
    heartbeats: tableHeartbeats(own, table, surroundings),
    relays: tableRelays(own, table, surroundings),
    claims: tableClaims(own, table, surroundings),
    subscriptions: tableSubscriptions(own, table, surroundings),
    streamEnds: tableStreamEnds(own, table, surroundings),
  });
  return {
    ...open(calls, bucket === undefined ? undefined : s3LargeValues({ env, bucket })),
    hosted(uid) {
      const own = prefixedCalls(calls, hostedPartOf(uid));
      const large = bucket === undefined ? undefined : s3LargeValues({ env, bucket, prefix: hostedValuesOf(uid) });
      const requests = new Requests({ ...surroundings, calls: own, table, budgetMs: 10_000 });
      const { store, ...more } = open(own, large);
      return {
        ...more,
        store: withoutGroups(store),
        collect: () => store.collect(),
        usage: tableUsage(own, table, surroundings),
        expired: () => expired(requests, requests.begin('expire'), Math.floor(Date.now() / 1000)),
        wipe: () => wipe({ calls: own, table, large, surroundings }),
      };
    },
  };
}
