// Claims of schedulers on nodes, so that several at once never overcommit one (D4).
//
// Who wants to bind pods to a node first writes itself into the node's claim, on the condition that it is as it read it, then
// catches up with the pods, and decides whether its pods still fit. Each bind commits only while the claim is at the revision
// of that write. So all binds to a node by others are either in what was caught up with, or fail:
//
//   A: claim r1 | bind (r1) ok                   | bind (r1) fails, claims anew, reads B's pods
//   B:                         claim r2, catch up            | bind (r2) ok
//
// A scheduler that is alone claims a node once and pays for one more condition in each commit. Claims of different nodes are
// different keys, and a bind does not change a claim: binds do not conflict with each other. Binds by others than schedulers
// (a user's, a pod made with a node name) hold no claim, as in Kubernetes; the node refuses what it has no room for.

import { StatusError } from '../../machinery/status.ts';
import { ownType } from '../../store/own-types.ts';
import { type Check, type Expected, type Store, StoreError } from '../../store/store.ts';

const type = ownType('nodeclaims');
const reason = 'NodeClaimLost';
/** A node that no scheduler used for a day leaves nothing behind. */
const lifetimeSeconds = 24 * 60 * 60;
const attempts = 8;

/** Takes the node's claim from whoever has it. `now` in Unix seconds. The caller catches up with the pods before it relies on it. */
export async function claimNode(store: Store, node: string, holder: string, now: number): Promise<Check> {
  const value = { bytes: new TextEncoder().encode(JSON.stringify({ holder })) };
  let expect: Expected = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const [committed] = await store.commit([
        { op: 'put', type, name: node, expect, value, expiresAt: now + lifetimeSeconds },
      ]);
      return { op: 'check', type, name: node, expect: committed?.revision ?? 0 };
    } catch (error) {
      const conflicted = error instanceof StoreError && error.failure.code === 'conflict';
      if (!conflicted || attempt >= attempts) throw error;
      expect = error.failure.code === 'conflict' ? (error.failure.data.current?.revision ?? 0) : 0;
    }
  }
}

export function claimLost(pod: string, node: string): StatusError {
  return new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on pods/binding "${pod}": another scheduler claimed node ${node} meanwhile; claim it again, and see whether the pod still fits`,
    { name: pod, kind: 'pods/binding', causes: [{ reason, message: `the claim on node ${node} is no longer held` }] },
  );
}

/** Whether a bind failed for that reason. */
export function isClaimLost(error: unknown): boolean {
  return error instanceof StatusError && (error.details?.causes ?? []).some((cause) => cause.reason === reason);
}
