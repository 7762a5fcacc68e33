// The claims that this process holds on owners, so that two processes never work on the children of one owner at a time.
// Why and how: core/registry/write/owner-claim.ts.

import { claimOwner } from '../../core/registry/write/owner-claim.ts';
import type { Check, Store } from '../../core/store/store.ts';

export interface OwnerClaims {
  held(uid: string): Check | undefined;
  /** 0: taken, and everything is to be looked at anew. Otherwise the milliseconds for which another has it. */
  take(uid: string): Promise<number>;
  /** Another has it now. */
  lost(uid: string, claim: Check): void;
}

/** How long nobody takes a claim from who just took it: enough to make what is missing, short enough when that one crashed. */
const freshMs = 2000;
/** How many are remembered: one that is forgotten is taken anew. */
const remembered = 16_384;

export function createOwnerClaims(store: Store, holder: string, clock: () => number): OwnerClaims {
  const claims = new Map<string, Check>();
  return {
    held: (uid) => claims.get(uid),
    async take(uid) {
      const claiming = await claimOwner(store, uid, holder, clock(), freshMs);
      if ('busyMs' in claiming) return Math.max(1, claiming.busyMs);
      claims.delete(uid);
      claims.set(uid, claiming.claim);
      if (claims.size > remembered) claims.delete(claims.keys().next().value ?? '');
      return 0;
    },
    lost(uid, claim) {
      if (claims.get(uid) === claim) claims.delete(uid);
    },
  };
}
