// One node of a cluster upgrades its agent at a time: the one that holds this Lease. What a node may write of it, NodeRestriction says.

import type { V1Lease } from '../../generated/kubernetes.ts';

export const upgradeLease = { namespace: 'kube-system', name: 'zeroplane-agent-upgrade' } as const;

/** The longest turn: one whose node does not come back ends then. */
export const longestTurnSeconds = 900;

/** Who has the turn at that time (Unix ms); undefined: nobody. */
export function holderOfTurn(spec: V1Lease['spec'], now: number): string | undefined {
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = spec ?? {};
  if (!holderIdentity) return undefined;
  const ends = Date.parse(String(renewTime ?? '')) + leaseDurationSeconds * 1000;
  return ends > now ? holderIdentity : undefined;
}

/** Why `node` may not write this; undefined: it may take a turn that nobody has, keep its own and give it back. */
export function turnFault(
  node: string,
  before: V1Lease['spec'],
  after: V1Lease['spec'],
  now: number,
): string | undefined {
  const holder = holderOfTurn(before, now);
  if (holder !== undefined && holder !== node) return `node "${holder}" has the turn`;
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = after ?? {};
  if (holderIdentity && holderIdentity !== node) return `a node takes a turn for itself alone`;
  const inTime = Date.parse(String(renewTime ?? '')) <= now + 60_000 && leaseDurationSeconds <= longestTurnSeconds;
  return !holderIdentity || inTime ? undefined : `a turn is at most ${longestTurnSeconds} s, from now on`;
}
