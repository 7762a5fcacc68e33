// What the functions of the channel keep in the table beside the logs.

import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import type { StreamEnds } from '../stream-ends.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { connectCalls, surroundings } from './connect-calls.ts';
import { tableStreamEnds } from './stream-ends.ts';
import { tableSubscriptions } from './subscriptions.ts';

export function connectChannel(
  table: string,
  env: AwsEnvironment,
  onThrottled: () => void,
): { readonly subscriptions: Subscriptions; readonly streamEnds: StreamEnds } {
  const calls = connectCalls(env, onThrottled);
  return {
    subscriptions: tableSubscriptions(calls, table, surroundings),
    streamEnds: tableStreamEnds(calls, table, surroundings),
  };
}
