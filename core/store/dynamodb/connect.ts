// The store of a function: table and bucket by name, credentials and endpoints from the environment as AWS's clients read them.

import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import type { Wakes } from '../wakes.ts';
import { connectCalls, surroundings } from './connect-calls.ts';
import { type ClusterStore, type HostedStore, openParts } from './connect-parts.ts';
import { s3LargeValues } from './s3.ts';
import { tableWakes } from './wakes.ts';

export interface ConnectedStore extends ClusterStore {
  /** Of the workers of the cluster itself, hosted ones included. */
  readonly wakes: Wakes;
  /** The part of a hosted cluster: what that takes is loaded with the first. */
  hosted(uid: string): Promise<HostedStore>;
}

/** `historyMs`: how long the log is kept. `onThrottled`: DynamoDB refused a request because of too many; the store tries it again. */
export function connectStore(
  table: string,
  bucket: string | undefined,
  env: AwsEnvironment,
  onThrottled: () => void,
  historyMs?: number,
): ConnectedStore {
  const calls = connectCalls(env, onThrottled);
  return {
    ...openParts(calls, table, bucket === undefined ? undefined : s3LargeValues({ env, bucket }), historyMs),
    wakes: tableWakes(calls, table, surroundings),
    async hosted(uid) {
      const { connectHosted } = await import('./connect-hosted.ts');
      return connectHosted({ calls, table, bucket, env, historyMs }, uid);
    },
  };
}
