// What a cluster has in a table, whether the table is its own or it has a part of one.

import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import type { Usage } from '../bounded-store.ts';
import type { Claims } from '../claims.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type { Relays } from '../relays.ts';
import type { Delete, Store } from '../store.ts';
import type { DynamoCalls } from './calls.ts';
import { tableClaims } from './claims.ts';
import { surroundings } from './connect-calls.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';
import { tableHeartbeats } from './heartbeats.ts';
import type { LargeValues } from './large-values.ts';
import { tableRelays } from './relays.ts';

export interface ClusterStore {
  readonly store: DynamoStore;
  readonly heartbeats: Heartbeats;
  readonly relays: Relays;
  readonly claims: Claims;
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

export interface Connection {
  readonly calls: DynamoCalls;
  readonly table: string;
  readonly bucket: string | undefined;
  readonly env: AwsEnvironment;
  readonly historyMs: number | undefined;
}

export function openParts(
  calls: DynamoCalls,
  table: string,
  large: LargeValues | undefined,
  historyMs: number | undefined,
): ClusterStore {
  return {
    store: openDynamoStore({ calls, table, ...(large && { large }), ...(historyMs && { retentionMs: historyMs }) }),
    heartbeats: tableHeartbeats(calls, table, surroundings),
    relays: tableRelays(calls, table, surroundings),
    claims: tableClaims(calls, table, surroundings),
  };
}
