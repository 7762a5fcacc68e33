// Where each request has a process of its own, one that lasts holds an invocation of the account's until it ends: a user has a share of
// those, as of a single process' watches.

import { randomUUID } from 'node:crypto';
import { isWithinShare, type LongRunningShares } from '../../../core/process/shares.ts';
import { storeStatus } from '../../../core/registry/store-errors.ts';
import type { Claims } from '../../../core/store/claims.ts';

export interface InvocationShareOptions {
  readonly claims: Claims;
  /** Of what: those of one pool are counted together. */
  readonly pool: 'invocations' | 'watches';
  /** How many there may be at once. */
  readonly atOnce: number;
  /** How long one lasts at most. */
  readonly longestMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export function invocationShares({
  claims,
  pool,
  atOnce,
  longestMs,
  now,
  onError,
}: InvocationShareOptions): LongRunningShares {
  return {
    async take(holder) {
      const claim = { pool, holder, id: randomUUID() };
      // What cannot be dropped ends by itself.
      const drop = () => claims.drop(claim).catch(onError);
      let within = false;
      try {
        const { own, all } = await claims.make(claim, now() + longestMs);
        within = isWithinShare(own, all, atOnce);
      } catch (error) {
        throw storeStatus(error, { group: '', resource: 'requests' }, '');
      } finally {
        if (!within) await drop();
      }
      return within ? drop : undefined;
    },
  };
}
