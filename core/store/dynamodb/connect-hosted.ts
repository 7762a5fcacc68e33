// The part of a hosted cluster, as a function of its host reaches it.

import { withoutGroups } from '../without-groups.ts';
import { surroundings } from './connect-calls.ts';
import { type Connection, type HostedStore, openParts } from './connect-parts.ts';
import { expired } from './expiry.ts';
import { hostedPartOf, hostedValuesOf } from './hosted-part.ts';
import { prefixedCalls } from './prefixed-calls.ts';
import { Requests } from './requests.ts';
import { s3LargeValues } from './s3.ts';
import { tableUsage } from './usage.ts';
import { wipe } from './wipe.ts';

export function connectHosted({ calls, table, bucket, env, historyMs }: Connection, uid: string): HostedStore {
  const own = prefixedCalls(calls, hostedPartOf(uid));
  const large = bucket === undefined ? undefined : s3LargeValues({ env, bucket, prefix: hostedValuesOf(uid) });
  const requests = new Requests({ ...surroundings, calls: own, table, budgetMs: 10_000 });
  const { store, ...more } = openParts(own, table, large, historyMs);
  return {
    ...more,
    store: withoutGroups(store),
    collect: () => store.collect(),
    usage: tableUsage(own, table, surroundings),
    expired: () => expired(requests, requests.begin('expire'), Math.floor(Date.now() / 1000)),
    wipe: () => wipe({ calls: own, table, large, surroundings }),
  };
}
