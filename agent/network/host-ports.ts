// Takes off the machine what the portmap plugin put there for pods that were never unplugged, and the chains that it never removes.
// The plugin marks its rules with the network's name; other networks' are left alone, and so are the shared chains while used.

import { parseJson } from '../../core/machinery/json.ts';
import { CommandError } from '../../core/process/run.ts';
import type { Run } from './run.ts';

const entry = 'CNI-HOSTPORT-DNAT';
const shared = [entry, 'CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ'];
const builtIn = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];

/** `network`: the name in the CNI configuration. Rejects with CommandError. */
export async function removeHostPorts(run: Run, network: string): Promise<void> {
  await removeFamily(run, network, 'iptables', 'ip');
  await removeFamily(run, network, 'ip6tables', 'ip6');
}

async function removeFamily(run: Run, network: string, iptables: string, family: string): Promise<void> {
  let listing: string;
  try {
    listing = await run(iptables, ['-w', '-t', 'nat', '-S']);
  } catch (error) {
    // No iptables, or no nat table that it can read: portmap, which calls it, has left nothing either.
    if (error instanceof CommandError) return;
    throw error;
  }
  for (const args of removals(listing, network)) await run(iptables, ['-w', '-t', 'nat', ...args]);
  await removeEmptyTable(run, family);
}

/** The iptables arguments that remove them, from `iptables -t nat -S`. */
export function removals(listing: string, network: string): string[][] {
  const lines = listing.split('\n');
  const chains = new Set(lines.flatMap((line) => /^-N (\S+)/.exec(line)?.[1] ?? []));
  const rulesOf = (chain: string) => lines.filter((line) => line.startsWith(`-A ${chain} `));

  const commands: string[][] = [];
  const emptied: string[] = [];
  const entries = rulesOf(entry);
  // From the last: deleting by number moves those behind.
  for (const [index, rule] of [...entries.entries()].reverse()) {
    if (!rule.includes(`name: \\"${network}\\" `)) continue;
    commands.push(['-D', entry, String(index + 1)]);
    const target = /-j (CNI-DN-\S+)/.exec(rule)?.[1];
    if (target !== undefined && chains.has(target)) emptied.push(target);
  }
  for (const chain of new Set(emptied)) commands.push(['-F', chain], ['-X', chain]);

  if (chains.has(entry) && entries.length === commands.filter(([flag]) => flag === '-D').length) {
    for (const chain of builtIn) {
      for (const [index, rule] of [...rulesOf(chain).entries()].reverse()) {
        if (shared.some((name) => rule.endsWith(`-j ${name}`))) commands.push(['-D', chain, String(index + 1)]);
      }
    }
    for (const chain of shared.filter((name) => chains.has(name))) commands.push(['-F', chain]);
    for (const chain of shared.filter((name) => chains.has(name))) commands.push(['-X', chain]);
  }
  return commands;
}

/** iptables over nftables makes its table on first use and leaves it: without a rule it does nothing, and goes. */
async function removeEmptyTable(run: Run, family: string): Promise<void> {
  const listing = await run('nft', ['-j', 'list', 'table', family, 'nat']).catch(() => undefined);
  if (listing === undefined) return;
  const { nftables } = parseJson(listing) as {
    nftables: { rule?: object; chain?: { name: string; policy?: string } }[];
  };
  const plain = nftables.every(
    ({ rule, chain }) =>
      rule === undefined && (chain === undefined || (builtIn.includes(chain.name) && chain.policy === 'accept')),
  );
  if (plain) await run('nft', ['delete', 'table', family, 'nat']);
}
