// The nftables table that enforces NetworkPolicies on this node's pods: pure, from policies and pods to a ruleset.
//
// Two base chains at the forward hook, after Services' DNAT and before masquerading, so that rules see the pods' and clients' own
// addresses: first egress by source, then ingress by destination. `accept` ends only its own base chain. What this node itself says to
// its pods is never filtered (it does not pass `forward`), as the API demands for probes.

import { createHash } from 'node:crypto';
import { ownContainers } from '../../../core/kinds/core/pod/semantics/containers.ts';
import { isFinished } from '../../../core/kinds/core/pod/semantics/state.ts';
import { rangeOf, toNumber } from '../../../core/machinery/ipv4.ts';
import { type LabelSelector, labelSelectorOf, matchesLabels } from '../../../core/machinery/labels.ts';
import type {
  V1Namespace,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1Pod,
} from '../../../generated/kubernetes.ts';
import * as nft from '../nft/expression.ts';
import type { Chain, Json, NftSet, Rule, Ruleset } from '../nft/ruleset.ts';

export interface PolicyInput {
  readonly nodeName: string;
  readonly networkPolicies: readonly V1NetworkPolicy[];
  readonly namespaces: readonly V1Namespace[];
  /** This node's pods and every pod that may be a peer. */
  readonly pods: readonly V1Pod[];
}

type Direction = 'ingress' | 'egress';

interface PolicyPod {
  readonly namespace: string;
  readonly ip: string;
  readonly labels: Record<string, string>;
  readonly local: boolean;
  readonly ports: readonly { name: string; protocol: string; port: number }[];
}

/** What is being built. */
interface Build {
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, NftSet>;
  readonly pods: readonly PolicyPod[];
  readonly namespaces: ReadonlyMap<string, Record<string, string>>;
}

export function policyRules(input: PolicyInput): Ruleset {
  const build: Build = {
    chains: new Map(),
    sets: new Map(),
    pods: input.pods.flatMap((pod) => podOf(pod, input.nodeName)),
    namespaces: new Map(input.namespaces.map(({ metadata }) => [metadata?.name ?? '', metadata?.labels ?? {}])),
  };
  const isolated = { ingress: new Map<string, string[]>(), egress: new Map<string, string[]>() };
  const policies = [...input.networkPolicies].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  for (const policy of policies) {
    const targets = selectTargets(build.pods, policy);
    if (targets.length === 0) continue;
    for (const direction of directionsOf(policy)) {
      const chain = addPolicy(build, policy, direction, targets);
      for (const { ip } of targets) isolated[direction].set(ip, [...(isolated[direction].get(ip) ?? []), chain]);
    }
  }
  const own = new Map(
    [...new Set([...isolated.ingress.keys(), ...isolated.egress.keys()])].map((ip) => [
      ip,
      { key: nft.concat(ip, ip) },
    ]),
  );
  build.sets.set('self', { type: ['ipv4_addr', 'ipv4_addr'], elements: own });
  for (const direction of ['egress', 'ingress'] as const) addDirection(build, direction, isolated[direction]);
  return { chains: build.chains, sets: build.sets };
}

function addDirection(
  { chains, sets }: Build,
  direction: Direction,
  isolated: ReadonlyMap<string, readonly string[]>,
): void {
  const verdicts = new Map<string, { key: Json; value: Json }>();
  for (const [ip, policies] of isolated) {
    // Pods under the same policies share a chain.
    const name = `${direction}-pods-${hash(policies)}`;
    if (!chains.has(name)) chains.set(name, { rules: [...policies.map((policy) => [nft.jump(policy)]), [nft.drop]] });
    verdicts.set(ip, { key: ip, value: nft.goto(name) });
  }
  sets.set(`${direction}-pods`, { type: 'ipv4_addr', map: 'verdict', elements: verdicts });
  chains.set(`forward-${direction}`, {
    hook: { type: 'filter', hook: 'forward', priority: direction === 'egress' ? 0 : 1 },
    rules: [
      // Policies decide about connections, not packets: answers pass, and so does what began before the policy.
      [nft.has('state', 'established', 'related'), nft.accept],
      [nft.equal(nft.concat(nft.saddr, nft.daddr), '@self'), nft.accept],
      [nft.lookup(direction === 'egress' ? nft.saddr : nft.daddr, `${direction}-pods`)],
    ],
  });
}

/** The chain that accepts what one policy allows in one direction; returns its name. */
function addPolicy(build: Build, policy: V1NetworkPolicy, direction: Direction, targets: readonly PolicyPod[]): string {
  const id = idOf(policy);
  const chain = `${direction}-${hash([id])}-${id}`.slice(0, 120);
  const wishes =
    direction === 'ingress'
      ? (policy.spec?.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
      : (policy.spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
  const rules: Rule[] = [];
  wishes.forEach(({ peers, ports }, index) => {
    const stem = `${direction}-${hash([id])}-${index}`;
    const namespace = policy.metadata?.namespace ?? '';
    const peerPods = peers?.length
      ? build.pods.filter((pod) => peers.some((peer) => isPeer(build, peer, pod, namespace)))
      : build.pods;
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
  direction: Direction,
  peers: readonly V1NetworkPolicyPeer[] | undefined,
  peerPods: readonly PolicyPod[],
): Json[][] {
  if (!peers?.length) return [[]];
  const side = direction === 'ingress' ? nft.saddr : nft.daddr;
  const matches: Json[][] = [];
  if (peers.some((peer) => peer.ipBlock === undefined)) {
    const name = `${stem}-peers`;
    build.sets.set(name, { type: 'ipv4_addr', elements: new Map(peerPods.map(({ ip }) => [ip, { key: ip }])) });
    matches.push([nft.equal(side, `@${name}`)]);
  }
  for (const { ipBlock } of peers) {
    // IPv6 blocks say nothing about IPv4 pods.
    const range = ipBlock === undefined ? undefined : blockOf(ipBlock.cidr);
    if (ipBlock === undefined || range === undefined) continue;
    const except = (ipBlock.except ?? []).flatMap((cidr) => blockOf(cidr) ?? []);
    matches.push([
      ...(range === '0.0.0.0/0' ? [] : [nft.equal(side, nft.cidr(range))]),
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
  named: readonly PolicyPod[],
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
    build.sets.set(name, { type: ['ipv4_addr', 'inet_proto', 'inet_service'], elements });
    return [nft.equal(nft.concat(nft.daddr, nft.protocol, nft.dport), `@${name}`)];
  });
}

/** The pods of this node that a policy is about. */
function selectTargets(pods: readonly PolicyPod[], { metadata, spec }: V1NetworkPolicy): PolicyPod[] {
  const selector = labelSelectorOf(spec?.podSelector ?? {});
  return pods.filter(
    (pod) => pod.local && pod.namespace === metadata?.namespace && matchesLabels(selector, pod.labels),
  );
}

/** Without policyTypes: always ingress, and egress where the policy has egress rules. */
function directionsOf({ spec }: V1NetworkPolicy): Direction[] {
  const types = spec?.policyTypes?.length ? spec.policyTypes : ['Ingress', ...(spec?.egress?.length ? ['Egress'] : [])];
  return (['ingress', 'egress'] as const).filter((direction) => types.some((type) => type.toLowerCase() === direction));
}

function isPeer(build: Build, peer: V1NetworkPolicyPeer, pod: PolicyPod, policyNamespace: string): boolean {
  if (peer.ipBlock !== undefined) return false;
  const pods: LabelSelector | undefined = labelSelectorOf(peer.podSelector ?? {});
  if (!matchesLabels(pods, pod.labels)) return false;
  if (peer.namespaceSelector === undefined) return pod.namespace === policyNamespace;
  return matchesLabels(labelSelectorOf(peer.namespaceSelector), build.namespaces.get(pod.namespace) ?? {});
}

/** A pod with an address of its own that still runs: those of host network share the node's. */
function podOf(pod: V1Pod, nodeName: string): PolicyPod[] {
  const { metadata, spec, status } = pod;
  const ip = [status?.podIP ?? '', ...(status?.podIPs ?? []).map((entry) => entry.ip)].find(
    (address) => toNumber(address) !== undefined,
  );
  if (ip === undefined || spec?.hostNetwork || isFinished(pod)) return [];
  const containers = ownContainers(spec);
  return [
    {
      namespace: metadata?.namespace ?? '',
      ip,
      labels: metadata?.labels ?? {},
      local: spec?.nodeName === nodeName,
      ports: containers.flatMap((container) =>
        (container.ports ?? []).flatMap((port) =>
          port.name ? [{ name: port.name, protocol: port.protocol ?? 'TCP', port: port.containerPort }] : [],
        ),
      ),
    },
  ];
}

function blockOf(cidr: string): string | undefined {
  return rangeOf(cidr) === undefined ? undefined : cidr;
}

function idOf({ metadata }: V1NetworkPolicy): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** Names of sets are made of it alone: short enough to find another policy with the same one would let its author write into them. */
function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
