// The nftables table that enforces NetworkPolicies on this node's pods: pure, from policies and pods to a ruleset.
//
// Two base chains at the forward hook, after Services' DNAT and before masquerading, so that rules see the pods' and clients' own
// addresses: first egress by source, then ingress by destination. `accept` ends only its own base chain. What this node itself says to
// its pods is never filtered (it does not pass `forward`), as the API demands for probes.

import { createHash } from 'node:crypto';
import { namedPorts, ownAddresses } from '../../../core/kinds/core/pod/semantics/pod-network.ts';
import { addressAt, canonicalAddress, familyOf, parseCidr } from '../../../core/machinery/cidr.ts';
import { gather } from '../../../core/machinery/gather.ts';
import { labelSelectorOf, matchesLabels } from '../../../core/machinery/labels.ts';
import {
  everyPod,
  type NamedPort,
  type PeerGroup,
  type PolicyDirection,
  type PolicyPeer,
  peerGroup,
  policyDirections,
  policyRulesOf,
} from '../../../core/node/policy-peers.ts';
import type {
  V1Namespace,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1Pod,
} from '../../../generated/kubernetes.ts';
import * as nft from '../nft/expression.ts';
import { type Family, ipv4, neighbourDiscovery } from '../nft/family.ts';
import type { Chain, Json, NftSet, Rule, Ruleset } from '../nft/ruleset.ts';

export interface PolicyInput {
  readonly nodeName: string;
  readonly networkPolicies: readonly V1NetworkPolicy[];
  readonly namespaces: readonly V1Namespace[];
  /** This node's pods. */
  readonly pods: readonly V1Pod[];
  /** Pods of other nodes. */
  readonly policyPeers: readonly PolicyPeer[];
}

interface Addressed {
  readonly ip: string;
  readonly ports: readonly NamedPort[];
}

interface LocalPod extends Addressed {
  readonly namespace: string;
  readonly labels: Record<string, string>;
}

interface RemotePod extends Addressed {
  readonly groups: ReadonlySet<string>;
}

/** What is being built. */
interface Build {
  readonly family: Family;
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, NftSet>;
  readonly pods: readonly LocalPod[];
  readonly remote: readonly RemotePod[];
  readonly namespaces: ReadonlyMap<string, Record<string, string>>;
}

/** A policy is enforced once for each family: what it selects are pods, and these have an address of each. */
export function policyRules(input: PolicyInput, family = ipv4): Ruleset {
  const build: Build = {
    family,
    chains: new Map(),
    sets: new Map(),
    pods: input.pods.flatMap((pod) => (pod.spec?.nodeName === input.nodeName ? podOf(pod, family) : [])),
    remote: input.policyPeers.flatMap(({ ips, ports, groups }) => {
      const ip = addressOf(ips, family);
      return ip === undefined ? [] : [{ ip, ports, groups: new Set(groups) }];
    }),
    namespaces: new Map(input.namespaces.map(({ metadata }) => [metadata?.name ?? '', metadata?.labels ?? {}])),
  };
  const isolated = { ingress: new Map<string, string[]>(), egress: new Map<string, string[]>() };
  const policies = [...input.networkPolicies].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  for (const policy of policies) {
    const targets = selectTargets(build.pods, policy);
    if (targets.length === 0) continue;
    for (const direction of policyDirections(policy)) {
      const chain = addPolicy(build, policy, direction, targets);
      for (const { ip } of targets) gather(isolated[direction], ip, chain);
    }
  }
  const own = new Map(
    [...new Set([...isolated.ingress.keys(), ...isolated.egress.keys()])].map((ip) => [
      ip,
      { key: nft.concat(ip, ip) },
    ]),
  );
  build.sets.set('self', { type: [family.address, family.address], elements: own });
  for (const direction of ['egress', 'ingress'] as const) addDirection(build, direction, isolated[direction]);
  return { chains: build.chains, sets: build.sets };
}

function addDirection(
  { chains, sets, family }: Build,
  direction: PolicyDirection,
  isolated: ReadonlyMap<string, readonly string[]>,
): void {
  const verdicts = new Map<string, { key: Json; value: Json }>();
  for (const [ip, policies] of isolated) {
    // Pods under the same policies share a chain.
    const name = `${direction}-pods-${hash(policies)}`;
    if (!chains.has(name)) chains.set(name, { rules: [...policies.map((policy) => [nft.jump(policy)]), [nft.drop]] });
    verdicts.set(ip, { key: ip, value: nft.goto(name) });
  }
  sets.set(`${direction}-pods`, { type: family.address, map: 'verdict', elements: verdicts });
  chains.set(`forward-${direction}`, {
    hook: { type: 'filter', hook: 'forward', priority: direction === 'egress' ? 0 : 1 },
    rules: [
      ...(family.name === 'IPv6' ? [[neighbourDiscovery, nft.accept]] : []),
      // Policies decide about connections, not packets: answers pass, and so does what began before the policy.
      [nft.has('state', 'established', 'related'), nft.accept],
      [nft.equal(nft.concat(family.saddr, family.daddr), '@self'), nft.accept],
      [nft.lookup(direction === 'egress' ? family.saddr : family.daddr, `${direction}-pods`)],
    ],
  });
}

/** The chain that accepts what one policy allows in one direction; returns its name. */
function addPolicy(
  build: Build,
  policy: V1NetworkPolicy,
  direction: PolicyDirection,
  targets: readonly LocalPod[],
): string {
  const id = idOf(policy);
  const chain = `${direction}-${hash([id])}-${id}`.slice(0, 120);
  const rules: Rule[] = [];
  policyRulesOf(policy, direction).forEach(({ peers, ports }, index) => {
    const stem = `${direction}-${hash([id])}-${index}`;
    const peerPods = selectPeers(build, policy.metadata?.namespace ?? '', peers?.length ? peers : [everyPod]);
    const named = direction === 'ingress' ? targets : peerPods;
    const peerMatches = peersOf(build, stem, direction, peers, peerPods);
    const portMatches = portsOf(build, stem, ports, named);
    for (const peer of peerMatches) for (const port of portMatches) rules.push([...peer, ...port, nft.accept]);
  });
  build.chains.set(chain, { rules });
  return chain;
}

/** Alternatives, each a list of matches; absent or empty peers are everybody. */
function peersOf(
  build: Build,
  stem: string,
  direction: PolicyDirection,
  peers: readonly V1NetworkPolicyPeer[] | undefined,
  peerPods: readonly Addressed[],
): Json[][] {
  if (!peers?.length) return [[]];
  const { family } = build;
  const side = direction === 'ingress' ? family.saddr : family.daddr;
  const matches: Json[][] = [];
  if (peers.some((peer) => peer.ipBlock === undefined)) {
    const name = `${stem}-peers`;
    build.sets.set(name, { type: family.address, elements: new Map(peerPods.map(({ ip }) => [ip, { key: ip }])) });
    matches.push([nft.equal(side, `@${name}`)]);
  }
  for (const { ipBlock } of peers) {
    const range = ipBlock === undefined ? undefined : blockOf(ipBlock.cidr, family);
    if (ipBlock === undefined || range === undefined) continue;
    const except = (ipBlock.except ?? []).flatMap((cidr) => blockOf(cidr, family) ?? []);
    matches.push([
      ...(range === family.everything ? [] : [nft.equal(side, nft.cidr(range))]),
      ...except.map((cidr) => nft.differs(side, nft.cidr(cidr))),
    ]);
  }
  return matches;
}

/** Alternatives, each a list of matches; absent or empty ports are all. `named`: the pods whose containers give names to ports. */
function portsOf(
  build: Build,
  stem: string,
  ports: readonly V1NetworkPolicyPort[] | undefined,
  named: readonly Addressed[],
): Json[][] {
  if (!ports?.length) return [[]];
  return ports.map(({ protocol = 'TCP', port, endPort }, index) => {
    const proto = protocol.toLowerCase();
    const only = nft.equal(nft.protocol, proto);
    if (port === undefined) return [only];
    if (typeof port === 'number')
      return [only, nft.equal(nft.dport, endPort === undefined ? port : { range: [port, endPort] })];
    const name = `${stem}-port-${index}`;
    const elements = new Map<string, { key: Json }>();
    for (const { ip, ports: containerPorts } of named) {
      for (const known of containerPorts) {
        if (known.name !== port || known.protocol !== protocol) continue;
        elements.set(`${ip}/${known.port}`, { key: nft.concat(ip, proto, known.port) });
      }
    }
    build.sets.set(name, { type: [build.family.address, 'inet_proto', 'inet_service'], elements });
    return [nft.equal(nft.concat(build.family.daddr, nft.protocol, nft.dport), `@${name}`)];
  });
}

/** The pods of this node that a policy is about. */
function selectTargets(pods: readonly LocalPod[], { metadata, spec }: V1NetworkPolicy): LocalPod[] {
  const selector = labelSelectorOf(spec?.podSelector ?? {});
  return pods.filter((pod) => pod.namespace === metadata?.namespace && matchesLabels(selector, pod.labels));
}

/** Of this node's pods, those that peers in a policy of `namespace` select; of others', those that are told to be in their groups. */
function selectPeers(build: Build, namespace: string, peers: readonly V1NetworkPolicyPeer[]): Addressed[] {
  const groups = peers.map((peer) => peerGroup(namespace, peer)).filter((group) => group !== undefined);
  return [
    ...build.pods.filter((pod) => groups.some((group) => selects(build, group, pod))),
    ...build.remote.filter((pod) => groups.some(({ id }) => pod.groups.has(id))),
  ];
}

function selects({ namespaces }: Build, { within, pods }: PeerGroup, { namespace, labels }: LocalPod): boolean {
  const inside =
    typeof within === 'string' ? namespace === within : matchesLabels(within, namespaces.get(namespace) ?? {});
  return inside && matchesLabels(pods, labels);
}

function podOf(pod: V1Pod, family: Family): LocalPod[] {
  const { namespace = '', labels = {} } = pod.metadata ?? {};
  const ip = addressOf(ownAddresses(pod), family);
  return ip === undefined ? [] : [{ namespace, ip, labels, ports: namedPorts(pod) }];
}

function addressOf(addresses: readonly string[], family: Family): string | undefined {
  const found = addresses.find((address) => familyOf(address) === family.name);
  return found === undefined ? undefined : canonicalAddress(found);
}

/** Undefined: of the other family, about whose packets it says nothing here. */
function blockOf(text: string, family: Family): string | undefined {
  const range = parseCidr(text);
  return range?.family === family.name ? `${addressAt(range, 0n)}/${text.split('/')[1]}` : undefined;
}

function idOf({ metadata }: V1NetworkPolicy): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** Names of sets are made of it alone: short enough to find another policy with the same one would let its author write into them. */
function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
