// What a node is told of other nodes' pods for its NetworkPolicies: their addresses, by the groups that policies name, and neither names nor
// labels. Both sides tell groups by what a policy says, so that nothing of them has to be agreed on.

import { createHash } from 'node:crypto';
import type { V1NetworkPolicy, V1NetworkPolicyPeer, V1NetworkPolicyPort } from '../../generated/kubernetes.ts';
import { type LabelSelector, labelSelectorOf, labelSelectorString } from '../machinery/labels.ts';
import type { KubeObject } from '../machinery/object.ts';

/** A pod of another node that some policy of this node's namespaces names. Its metadata.name says nothing but that it is the same one. */
export interface PolicyPeer extends KubeObject {
  readonly ips: readonly string[];
  /** The ids of its groups, of those that this node asks about. */
  readonly groups: readonly string[];
  /** The ports of its containers that egress rules of these groups name. */
  readonly ports: readonly NamedPort[];
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** The pods that one peer of a policy selects. */
export interface PeerGroup {
  readonly id: string;
  /** Those of one namespace, or of all that this selector matches. */
  readonly within: string | LabelSelector;
  readonly pods: LabelSelector;
}

export type PolicyDirection = 'ingress' | 'egress';

export interface PolicyRule {
  readonly direction: PolicyDirection;
  readonly peers: readonly V1NetworkPolicyPeer[] | undefined;
  readonly ports: readonly V1NetworkPolicyPort[] | undefined;
}

/** Without policyTypes: always ingress, and egress where the policy has egress rules. */
export function policyDirections({ spec }: V1NetworkPolicy): PolicyDirection[] {
  const types = spec?.policyTypes?.length ? spec.policyTypes : ['Ingress', ...(spec?.egress?.length ? ['Egress'] : [])];
  return (['ingress', 'egress'] as const).filter((direction) => types.some((type) => type.toLowerCase() === direction));
}

export function policyRulesOf({ spec }: V1NetworkPolicy, direction: PolicyDirection): PolicyRule[] {
  return direction === 'ingress'
    ? (spec?.ingress ?? []).map(({ from, ports }) => ({ direction, peers: from, ports }))
    : (spec?.egress ?? []).map(({ to, ports }) => ({ direction, peers: to, ports }));
}

/** Of a peer in a policy of `namespace`; undefined: it selects no pods. */
export function peerGroup(namespace: string, peer: V1NetworkPolicyPeer): PeerGroup | undefined {
  if (peer.ipBlock !== undefined) return undefined;
  const pods = labelSelectorOf(peer.podSelector ?? {});
  const within = peer.namespaceSelector === undefined ? namespace : labelSelectorOf(peer.namespaceSelector);
  if (pods === undefined || within === undefined) return undefined;
  // No name and no label has a line break.
  const text = [typeof within === 'string' ? within : `\n${labelSelectorString(within)}`, labelSelectorString(pods)];
  // As long as no other selector is found that has the same: its pods would be let in.
  return { id: createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 32), within, pods };
}

/** All pods: what a rule names that says no peers. */
export const everyPod: V1NetworkPolicyPeer = { namespaceSelector: {}, podSelector: {} };

/** The groups that a policy is about, each with the names of ports that it must be known for. */
export function policyGroups(policy: V1NetworkPolicy): Map<string, { group: PeerGroup; ports: Set<string> }> {
  const groups = new Map<string, { group: PeerGroup; ports: Set<string> }>();
  const rules = policyDirections(policy).flatMap((direction) => policyRulesOf(policy, direction));
  for (const { direction, peers, ports } of rules) {
    // What an ingress rule's port is called, the policy's own pods say.
    const named = direction === 'egress' ? (ports ?? []).map(({ port }) => port) : [];
    const names = named.filter((port) => typeof port === 'string');
    // Whoever is let through to everybody is let through without a list, but to a port whose number each pod says for itself.
    for (const peer of peers?.length ? peers : names.length > 0 ? [everyPod] : []) {
      const group = peerGroup(policy.metadata?.namespace ?? '', peer);
      if (!group) continue;
      const known = groups.get(group.id) ?? { group, ports: new Set<string>() };
      for (const name of names) known.ports.add(name);
      groups.set(group.id, known);
    }
  }
  return groups;
}
