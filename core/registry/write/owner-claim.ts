// Claims of controllers on owners, so that two at work on one owner never make a child too many nor take one too many away (D4).
//
// What a reconcile decides rests on a view of all children of an owner, and no condition on a single object holds that view
// together. So a controller that is about to make or remove children first writes itself into the owner's claim, on the
// condition that it is as it read it, then catches up, decides anew, and has each of its writes commit only while the claim
// is at that revision: whatever others did is either in what it caught up with, or fails.
//
// Who finds a claim that another took a moment ago waits: the other is at it, or has crashed. A controller that is alone
// writes a claim once per owner and pays for one more condition in each such commit.

import { parseJson } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { ownType } from '../../store/own-types.ts';
import { type Check, type Store, StoreError } from '../../store/store.ts';

const type = ownType('ownerclaims');
const reason = 'OwnerClaimLost';
/** An owner that nobody worked on for a day leaves nothing behind. */
const lifetimeSeconds = 24 * 60 * 60;

export type Claiming = { readonly claim: Check } | { readonly busyMs: number };

/** Takes the claim on the owner with this uid, unless another holder took it less than `freshMs` before `now` (Unix milliseconds). */
export async function claimOwner(
  store: Store,
  uid: string,
  holder: string,
  now: number,
  freshMs: number,
): Promise<Claiming> {
  const bytes = new TextEncoder().encode(JSON.stringify({ holder, at: now }));
  const expiresAt = Math.floor(now / 1000) + lifetimeSeconds;
  for (let expect = 0; ; ) {
    try {
      const [committed] = await store.commit([{ op: 'put', type, name: uid, expect, value: { bytes }, expiresAt }]);
      return { claim: { op: 'check', type, name: uid, expect: committed?.revision ?? 0 } };
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure.code !== 'conflict') throw error;
      const { current } = error.failure.data;
      // as: nobody else writes this type.
      const other = current && (parseJson(new TextDecoder().decode(current.value)) as { holder: string; at: number });
      const age = now - (other?.at ?? 0);
      if (other && other.holder !== holder && age < freshMs) return { busyMs: freshMs - Math.max(0, age) };
      expect = current?.revision ?? 0;
    }
  }
}

export function ownerClaimLost(name: string): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on "${name}": another controller took over its owner meanwhile; look again at what is there`,
    { name, causes: [{ reason, message: 'the claim on its owner is no longer held' }] },
  );
}

/** Whether a request failed for that reason. */
export function isOwnerClaimLost(error: unknown): boolean {
  return error instanceof StatusError && (error.details?.causes ?? []).some((cause) => cause.reason === reason);
}
