// The nftables table that makes Services work on a node: pure, from service ports to a ruleset.
//
//   prerouting, output (nat)   service address, protocol, port -> verdict map -> the port's chain -> DNAT to one endpoint
//   prerouting (filter)        loadBalancerSourceRanges
//   input, forward, output     ports without endpoints are rejected (or dropped, where another node has some)
//   postrouting (nat)          marked connections, hairpins, and pods that leave the cluster are masqueraded

import { createHash } from 'node:crypto';
import { contains, parseCidr } from '../../../core/machinery/cidr.ts';
import { gather } from '../../../core/machinery/gather.ts';
import * as nft from '../nft/expression.ts';
import type { Family } from '../nft/family.ts';
import type { Chain, Json, NftSet, Rule, Ruleset } from '../nft/ruleset.ts';
import type { Endpoint, ServicePort } from './service-port.ts';

export interface ServiceNetwork {
  /** Of all addresses below. */
  readonly family: Family;
  readonly podCIDR: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Answered by the node's own DNS server: its port 53 gets no rules, whatever a Service says. */
  readonly clusterDNS: string;
  /** Where the node serves the API itself: its port 443 gets no rules either. */
  readonly apiAddress?: string;
  /** The bridge of the pods. */
  readonly bridge: string;
}

/** The bit of the packet mark that asks for masquerading; the bit of kube-proxy. */
const masqueradeMark = 0x4000;

interface Element {
  readonly key: Json;
  readonly value?: Json;
}

/** What one port adds to the table. */
interface Fragment {
  readonly chains: readonly (readonly [string, Chain])[];
  /** Set name, the element's id in it, the element. */
  readonly elements: readonly (readonly [string, string, Element])[];
  /** The same for its external addresses, by address. */
  readonly external: ReadonlyMap<string, readonly (readonly [string, string, Element])[]>;
  readonly affinity: readonly (readonly [string, NftSet])[];
}

function sharedSets({ address }: Family): readonly (readonly [string, Pick<NftSet, 'type' | 'map'>])[] {
  const addressKey = [address, 'inet_proto', 'inet_service'];
  const nodeKey = ['inet_proto', 'inet_service'];
  return [
    ['service-ips', { type: addressKey, map: 'verdict' }],
    ['service-nodeports', { type: nodeKey, map: 'verdict' }],
    ['no-endpoint-services', { type: addressKey, map: 'verdict' }],
    ['no-endpoint-nodeports', { type: nodeKey, map: 'verdict' }],
    ['firewall-ips', { type: addressKey, map: 'verdict' }],
    ['cluster-ips', { type: address }],
    ['hairpin-connections', { type: [address, address] }],
  ];
}

/** A port that is the same value as before costs nothing: its part, and the comparison with what the kernel holds, are kept. */
const fragments = new WeakMap<ServicePort, { readonly network: ServiceNetwork; readonly fragment: Fragment }>();

export function serviceRules(ports: readonly ServicePort[], network: ServiceNetwork): Ruleset {
  const chains = new Map<string, Chain>(baseChains(network));
  const sets = new Map<string, NftSet>();
  const elements = new Map<string, Map<string, Element>>();
  for (const [name, definition] of sharedSets(network.family)) {
    const members = new Map<string, Element>();
    elements.set(name, members);
    sets.set(name, { ...definition, elements: members });
  }
  const taken = lazily(() => reserved(ports));
  for (const port of ports) {
    let known = fragments.get(port);
    if (known?.network !== network) {
      known = { network, fragment: fragmentOf(port, network) };
      fragments.set(port, known);
    }
    for (const [name, chain] of known.fragment.chains) chains.set(name, chain);
    for (const [set, id, element] of known.fragment.elements) elements.get(set)?.set(id, element);
    for (const [address, own] of known.fragment.external) {
      if (taken().has(address) || taken().has(socketOf(address, port))) continue;
      for (const [set, id, element] of own) elements.get(set)?.set(id, element);
    }
    for (const [name, set] of known.fragment.affinity) sets.set(name, set);
  }
  return { chains, sets };
}

/**
 * What no Service takes by naming it as an external address: the cluster addresses of others, and where the API server itself answers. Who
 * may write Services in one namespace would else be the DNS, or any Service, of all.
 */
function reserved(ports: readonly ServicePort[]): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const port of ports) {
    taken.add(port.clusterIP);
    if (port.namespace !== 'default' || port.service !== 'kubernetes') continue;
    for (const endpoint of port.cluster) taken.add(socketOf(endpoint.ip, { ...port, port: endpoint.port }));
  }
  return taken;
}

function socketOf(address: string, { protocol, port }: Pick<ServicePort, 'protocol' | 'port'>): string {
  return `${address}/${protocol}/${port}`;
}

function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function fragmentOf(port: ServicePort, network: ServiceNetwork): Fragment {
  const { family } = network;
  const chains: [string, Chain][] = [];
  const elements: (readonly [string, string, Element])[] = [];
  const affinity: [string, NftSet][] = [];
  const elementAt = (set: string, ip: string, value: Json) =>
    [set, socketOf(ip, port), { key: nft.concat(ip, port.protocol, port.port), value }] as const;
  const external = new Map<string, (typeof elements)[number][]>();
  const range = parseCidr(network.serviceCIDR);
  // Also what no Service has: the node's own DNS server, and what is given out next.
  const externalIPs = port.externalIPs.filter((ip) => range === undefined || !contains(range, ip));
  const atExternal = (set: string, value: Json) => {
    for (const ip of externalIPs) gather(external, ip, elementAt(set, ip, value));
  };
  const atNodePort = (set: string, nodePort: number, value: Json) =>
    elements.push([set, `${port.protocol}/${nodePort}`, { key: nft.concat(port.protocol, nodePort), value }]);

  const endpoints = new Map(
    [...port.cluster, ...port.local].map((endpoint) => [`${endpoint.ip}:${endpoint.port}`, endpoint]),
  );
  const own = port.clusterIP === network.clusterDNS || port.clusterIP === network.apiAddress;
  if (!own) elements.push(['cluster-ips', port.clusterIP, { key: port.clusterIP }]);
  for (const { ip, local } of endpoints.values()) {
    if (local) elements.push(['hairpin-connections', ip, { key: nft.concat(ip, ip) }]);
  }

  const internal = port.internalLocal ? port.local : port.cluster;
  if (isAnsweredHere(port, network)) {
    // Nothing: the node answers.
  } else if (internal.length > 0) {
    const name = chainName('service', port);
    const foreign = nft.differs(family.saddr, nft.cidr(network.clusterCIDR));
    elements.push(elementAt('service-ips', port.clusterIP, nft.goto(name)));
    chains.push([name, { rules: [[foreign, nft.jump('mark-for-masquerade')], ...balance(port, internal, family)] }]);
  } else {
    elements.push(elementAt('no-endpoint-services', port.clusterIP, idleVerdict(port)));
  }

  if (port.nodePort !== undefined || externalIPs.length > 0) {
    const outside = port.externalLocal ? port.local : port.cluster;
    const name = chainName('external', port);
    if (outside.length === 0) {
      atExternal('no-endpoint-services', idleVerdict(port));
      if (port.nodePort !== undefined) atNodePort('no-endpoint-nodeports', port.nodePort, idleVerdict(port));
    }
    // With `Local`, clients inside the cluster still reach every endpoint.
    const anywhere = endpoints.size > 0;
    if (anywhere) {
      atExternal('service-ips', nft.goto(name));
      if (port.nodePort !== undefined) atNodePort('service-nodeports', port.nodePort, nft.goto(name));
      const entry = port.externalLocal ? shortCut(port, network) : [[nft.jump('mark-for-masquerade')]];
      chains.push([name, { rules: [...entry, ...balance(port, outside, family)] }]);
      if (port.externalLocal) chains.push([chainName('cluster', port), { rules: balance(port, port.cluster, family) }]);
    }
  }

  if (port.guardedIPs.length > 0) {
    const name = chainName('firewall', port);
    for (const ip of port.guardedIPs) elements.push(elementAt('firewall-ips', ip, nft.goto(name)));
    const allowed = port.sourceRanges.map((range) => [nft.equal(family.saddr, nft.cidr(range)), nft.leave]);
    chains.push([name, { rules: [...allowed, [nft.drop]] }]);
  }

  if (port.affinity !== undefined) {
    for (const endpoint of endpoints.values()) {
      const name = endpointName(port, endpoint);
      affinity.push([name, { type: family.address, flags: ['timeout'], timeout: port.affinity, elements: new Map() }]);
      chains.push([
        name,
        {
          rules: [
            [{ set: { op: 'update', elem: family.saddr, set: `@${name}` } }],
            [nft.equal(nft.protocol, port.protocol), { dnat: { addr: endpoint.ip, port: endpoint.port } }],
          ],
        },
      ]);
    }
  }
  return { chains, elements, external, affinity };
}

/** DNAT to one of `endpoints`: the one this client had, or a random one. */
function balance(port: ServicePort, endpoints: readonly Endpoint[], family: Family): Rule[] {
  const count = endpoints.length;
  if (count === 0) return [];
  const random: Json = { numgen: { mode: 'random', mod: count, offset: 0 } };
  if (port.affinity !== undefined) {
    const names = endpoints.map((endpoint) => endpointName(port, endpoint));
    return [
      ...names.map((name) => [nft.equal(family.saddr, `@${name}`), nft.goto(name)]),
      [{ vmap: { key: random, data: { set: names.map((name, index) => [index, nft.goto(name)]) } } }],
    ];
  }
  const only = nft.equal(nft.protocol, port.protocol);
  if (count === 1) return [[only, { dnat: { addr: endpoints[0]!.ip, port: endpoints[0]!.port } }]];
  const targets = endpoints.map(({ ip, port }, index) => [index, nft.concat(ip, port)]);
  return [[only, { dnat: { family: family.table, addr: { map: { key: random, data: { set: targets } } } } }]];
}

/** externalTrafficPolicy Local: what comes from inside the cluster or from this node goes to any endpoint. */
function shortCut(port: ServicePort, network: ServiceNetwork): Rule[] {
  if (port.cluster.length === 0) return [];
  const cluster = nft.goto(chainName('cluster', port));
  return [
    [nft.equal(network.family.saddr, nft.cidr(network.clusterCIDR)), cluster],
    [nft.isLocal('saddr'), nft.jump('mark-for-masquerade')],
    [nft.isLocal('saddr'), cluster],
  ];
}

/** No endpoint anywhere: refuse at once. Some on other nodes only, under a Local policy: drop, so that a client tries elsewhere. */
function idleVerdict(port: ServicePort): Json {
  return port.cluster.length === 0 ? nft.goto('reject-service') : nft.drop;
}

function baseChains(network: ServiceNetwork): [string, Chain][] {
  const { family } = network;
  const { saddr, daddr, reject } = family;
  const service = nft.concat(daddr, nft.protocol, nft.dport);
  const node = nft.concat(nft.protocol, nft.dport);
  const mark: Json = { meta: { key: 'mark' } };
  const fresh = nft.has('state', 'new');
  const pods = nft.equal(saddr, nft.cidr(network.podCIDR));
  const base = (type: 'filter' | 'nat', hook: string, priority: number, ...rules: Rule[]): Chain => ({
    hook: { type, hook, priority },
    rules,
  });
  return [
    [
      'services',
      {
        rules: [[nft.lookup(service, 'service-ips')], [nft.isLocal('daddr'), nft.lookup(node, 'service-nodeports')]],
      },
    ],
    ['mark-for-masquerade', { rules: [[{ mangle: { key: mark, value: { '|': [mark, masqueradeMark] } } }]] }],
    ['reject-service', { rules: [[reject]] }],
    ['nat-prerouting', base('nat', 'prerouting', -100, [nft.jump('services')])],
    ['nat-output', base('nat', 'output', -100, [nft.jump('services')])],
    [
      'nat-postrouting',
      base(
        'nat',
        'postrouting',
        100,
        [
          nft.differs({ '&': [mark, masqueradeMark] }, 0),
          { mangle: { key: mark, value: { '^': [mark, masqueradeMark] } } },
          nft.masquerade,
        ],
        [nft.has('status', 'dnat'), nft.equal(nft.concat(saddr, daddr), '@hairpin-connections'), nft.masquerade],
        [
          pods,
          nft.differs(daddr, { set: [nft.cidr(network.clusterCIDR), nft.cidr(family.multicast)] }),
          nft.masquerade,
        ],
      ),
    ],
    // Before DNAT: the client's and the load balancer's own addresses are still on the packet.
    [
      'filter-prerouting',
      base('filter', 'prerouting', -110, ...loopbackRules(network), [fresh, nft.lookup(service, 'firewall-ips')]),
    ],
    [
      'filter-input',
      base('filter', 'input', -110, [fresh, nft.jump('idle-nodeports')], [fresh, nft.jump('idle-services')]),
    ],
    ['filter-forward', base('filter', 'forward', -110, [fresh, nft.jump('idle-services')])],
    [
      'filter-output',
      base('filter', 'output', -110, [fresh, nft.jump('idle-nodeports')], [fresh, nft.jump('idle-services')]),
    ],
    // After DNAT whoever still goes to a cluster address asked for a port that its Service does not have, or for no Service.
    ['filter-output-post-dnat', base('filter', 'output', -90, [fresh, nft.jump('unknown-ports')])],
    ['filter-forward-post-dnat', base('filter', 'forward', -90, [fresh, nft.jump('unknown-ports')])],
    ['idle-services', { rules: [[nft.lookup(service, 'no-endpoint-services')]] }],
    ['idle-nodeports', { rules: [[nft.isLocal('daddr'), nft.lookup(node, 'no-endpoint-nodeports')]] }],
    [
      'unknown-ports',
      {
        rules: [
          [nft.equal(daddr, '@cluster-ips'), reject],
          // An address of the range that no Service has (any more).
          [
            nft.equal(daddr, nft.cidr(network.serviceCIDR)),
            nft.differs(daddr, network.clusterDNS),
            ...(network.apiAddress === undefined ? [] : [nft.differs(daddr, network.apiAddress)]),
            reject,
          ],
        ],
      },
    ],
  ];
}

/** Keeps neighbours off loopback, which `route_localnet` on the bridge would else expose (CVE-2020-8558). IPv6 has no such switch. */
function loopbackRules({ family, bridge }: ServiceNetwork): Rule[] {
  if (family.name === 'IPv6') return [];
  const fromBridge = nft.equal({ meta: { key: 'iifname' } }, bridge);
  return [[fromBridge, nft.equal(family.daddr, nft.cidr('127.0.0.0/8')), nft.has('state', 'new'), nft.drop]];
}

function isAnsweredHere({ clusterIP, port }: ServicePort, { clusterDNS, apiAddress }: ServiceNetwork): boolean {
  return (clusterIP === clusterDNS && port === 53) || (clusterIP === apiAddress && port === 443);
}

/** Chain names are unique within 128 bytes, the kernel's limit, and still say what they are for. */
function chainName(kind: string, port: ServicePort): string {
  return `${kind}-${hash(port.id)}-${port.id}`.slice(0, 120);
}

function endpointName(port: ServicePort, endpoint: Endpoint): string {
  return `endpoint-${hash(`${port.id} ${port.affinity}`)}-${port.service.slice(0, 55)}/${endpoint.ip}/${endpoint.port}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
