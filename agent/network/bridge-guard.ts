// What may come from a pod onto its node's bridge, and from another node out of WireGuard, at all. The rules of NetworkPolicies know pods
// by the addresses that they were given, so a pod that speaks under another one, or to another one, would go around them: every interface
// has link-local addresses of IPv6. Nothing in a cluster of IPv4 needs IPv6; in one of both families only neighbour discovery needs them,
// and no pod is a router to others. From another node come packets to pods: who has taken one over gets through this one to no other
// network. What is only bridged comes by here too (net.bridge.bridge-nf-call-iptables and -ip6tables).

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressAt, parseCidr } from '../../core/machinery/cidr.ts';
import { parseJson } from '../../core/machinery/json.ts';
import type { Ipv6Network } from './ipv6.ts';
import * as nft from './nft/expression.ts';
import { ipv4, ipv6, neighbourDiscovery } from './nft/family.ts';
import type { Json } from './nft/ruleset.ts';
import type { Run } from './run.ts';

export interface GuardOptions {
  readonly table: string;
  readonly bridge: string;
  readonly podCIDR: string;
  /** WireGuard's device. */
  readonly tunnel: string;
  readonly clusterCIDR: string;
  /** In a cluster of both families. */
  readonly ipv6?: Pick<Ipv6Network, 'podCIDR' | 'clusterCIDR'>;
  /** For the command file. */
  readonly directory: string;
}

/** Rejects with CommandError. Once more changes nothing. */
export async function guardBridge(run: Run, options: GuardOptions): Promise<void> {
  const table = tableOf(options);
  const chain = { family: 'inet', table: table.name, name: 'from-pods' };
  await load(run, options, [
    { add: { table } },
    { delete: { table } },
    { add: { table } },
    { add: { chain: { ...chain, type: 'filter', hook: 'prerouting', prio: -300 } } },
    ...guardRules(options).map((expr) => ({
      add: { rule: { family: 'inet', table: table.name, chain: chain.name, expr } },
    })),
  ]);
}

function guardRules({ bridge, podCIDR, tunnel, clusterCIDR, ipv6: both }: GuardOptions): Json[][] {
  const from = (device: string) => nft.equal({ meta: { key: 'iifname' } }, device);
  const any = nft.equal({ meta: { key: 'nfproto' } }, 'ipv6');
  const shared = [
    [from(bridge), nft.differs(ipv4.saddr, nft.cidr(podCIDR)), nft.drop],
    // To all at once, the neighbours that a policy isolates among them.
    [
      from(bridge),
      nft.equal(ipv4.daddr, { set: [nft.cidr(ipv4.multicast), '255.255.255.255', broadcastOf(podCIDR)] }),
      nft.drop,
    ],
    [from(tunnel), nft.differs(ipv4.daddr, nft.cidr(clusterCIDR)), nft.drop],
  ];
  if (both === undefined) return [...shared, [from(bridge), any, nft.drop], [from(tunnel), any, nft.drop]];
  const ofPods = nft.cidr(both.podCIDR);
  return [
    ...shared,
    [from(tunnel), nft.differs(ipv6.daddr, nft.cidr(both.clusterCIDR)), nft.drop],
    // Before it has an address, and for the one of its link, a pod asks as well. A router speaks from the address of its link alone:
    // who believed a pod that it is one would send it what is for others (CVE-2020-10749).
    [
      from(bridge),
      neighbourDiscovery,
      nft.equal(ipv6.saddr, { set: [ofPods, nft.cidr('fe80::/10'), '::'] }),
      nft.accept,
    ],
    [from(bridge), nft.equal(ipv6.saddr, ofPods), nft.differs(ipv6.daddr, { set: beyondPolicies }), nft.accept],
    [from(bridge), any, nft.drop],
  ];
}

function broadcastOf(podCIDR: string): string {
  const range = parseCidr(podCIDR);
  return range === undefined ? podCIDR : addressAt(range, range.size - 1n);
}

/** No policy knows who is behind these. */
const beyondPolicies = [nft.cidr('fe80::/10'), nft.cidr(ipv6.multicast)];

/** `listing`: an answer to `nft -j list tables`. */
export function isGuarded(listing: string, options: GuardOptions): boolean {
  const { family, name } = tableOf(options);
  const { nftables } = parseJson(listing) as { nftables: { table?: { family: string; name: string } }[] };
  return nftables.some(({ table }) => table?.family === family && table.name === name);
}

export async function unguardBridge(run: Run, options: GuardOptions): Promise<void> {
  const table = tableOf(options);
  await load(run, options, [{ add: { table } }, { delete: { table } }]);
}

function tableOf({ table }: GuardOptions) {
  return { family: 'inet', name: table };
}

async function load(run: Run, { directory, table }: GuardOptions, commands: readonly Json[]): Promise<void> {
  const file = join(directory, `${table}.json`);
  await writeFile(file, JSON.stringify({ nftables: commands }), { mode: 0o600 });
  try {
    await run('nft', ['-j', '-f', file]);
  } finally {
    await rm(file, { force: true });
  }
}
