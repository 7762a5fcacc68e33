// What may come from a pod onto its node's bridge, and from another node out of WireGuard, at all. The rules of NetworkPolicies know pods by their IPv4 addresses, so a pod that speaks
// IPv6, whose link-local addresses every interface has, or under an address of nobody here, would go around them. Nothing in a cluster of
// IPv4 needs either. From another node come packets to pods: who has taken one over gets through this one to no other network. What is only bridged comes by here too (net.bridge.bridge-nf-call-iptables and -ip6tables).

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import * as nft from './nft/expression.ts';
import type { Json } from './nft/ruleset.ts';
import type { Run } from './run.ts';

export interface GuardOptions {
  readonly table: string;
  readonly bridge: string;
  readonly podCIDR: string;
  /** WireGuard's device. */
  readonly tunnel: string;
  readonly clusterCIDR: string;
  /** For the command file. */
  readonly directory: string;
}

/** Rejects with CommandError. Once more changes nothing. */
export async function guardBridge(run: Run, options: GuardOptions): Promise<void> {
  const { bridge, podCIDR, tunnel, clusterCIDR } = options;
  const table = tableOf(options);
  const chain = { family: 'inet', table: table.name, name: 'from-pods' };
  const from = (device: string) => nft.equal({ meta: { key: 'iifname' } }, device);
  const ipv6 = nft.equal({ meta: { key: 'nfproto' } }, 'ipv6');
  const rules: Json[][] = [
    [from(bridge), ipv6, nft.drop],
    [from(bridge), nft.differs(nft.saddr, nft.cidr(podCIDR)), nft.drop],
    [from(tunnel), ipv6, nft.drop],
    [from(tunnel), nft.differs(nft.daddr, nft.cidr(clusterCIDR)), nft.drop],
  ];
  await load(run, options, [
    { add: { table } },
    { delete: { table } },
    { add: { table } },
    { add: { chain: { ...chain, type: 'filter', hook: 'prerouting', prio: -300 } } },
    ...rules.map((expr) => ({ add: { rule: { family: 'inet', table: table.name, chain: chain.name, expr } } })),
  ]);
}

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
