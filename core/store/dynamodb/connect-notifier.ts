// What the notifier has of the table, which starts often and reads little: not what serves requests.

import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import type { Heartbeats } from '../heartbeats.ts';
import type { Relays } from '../relays.ts';
import type { Wakes } from '../wakes.ts';
import { connectCalls, surroundings } from './connect-calls.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';
import { tableHeartbeats } from './heartbeats.ts';
import { s3LargeValues } from './s3.ts';
import { tableWakes } from './wakes.ts';

export interface NotifierStore {
  readonly store: DynamoStore;
  readonly heartbeats: Heartbeats;
  readonly wakes: Wakes;
  /** For those few clusters that have extension API servers. */
  relays(): Promise<Relays>;
}

/** As `connectStore` takes them. */
export function connectNotifier(
  table: string,
  bucket: string | undefined,
  env: AwsEnvironment,
  onThrottled: () => void,
  historyMs: number,
): NotifierStore {
  const calls = connectCalls(env, onThrottled);
  const large = bucket === undefined ? undefined : s3LargeValues({ env, bucket });
  return {
    store: openDynamoStore({ calls, table, ...(large && { large }), retentionMs: historyMs }),
    heartbeats: tableHeartbeats(calls, table, surroundings),
    wakes: tableWakes(calls, table, surroundings),
    async relays() {
      const { tableRelays } = await import('./relays.ts');
      return tableRelays(calls, table, surroundings);
    },
  };
}
