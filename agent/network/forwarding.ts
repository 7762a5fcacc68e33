// Machines with Docker or ufw drop forwarded packets by iptables' policy: pods could reach nobody. Where that is so, and only there,
// two marked rules let the pods' range through; a NetworkPolicy still drops what it must, in a table of its own.

import { CommandError } from '../../core/process/run.ts';
import type { Run } from './run.ts';

const chain = 'FORWARD';

/** Rejects with CommandError. */
export async function allowForwarding(run: Run, clusterCIDR: string, mark: string): Promise<void> {
  const iptables = programFor(clusterCIDR);
  const listing = await rulesOf(run, iptables);
  if (listing === undefined || !listing.startsWith(`-P ${chain} DROP`)) return;
  for (const rule of exemptions(clusterCIDR, mark)) {
    const present = await run(iptables, ['-w', '-C', chain, ...rule]).then(
      () => true,
      () => false,
    );
    if (!present) await run(iptables, ['-w', '-I', chain, '1', ...rule]);
  }
}

/** Rejects with CommandError. */
export async function removeForwarding(run: Run, clusterCIDR: string, mark: string): Promise<void> {
  const iptables = programFor(clusterCIDR);
  const listing = await rulesOf(run, iptables);
  if (listing === undefined || !listing.includes(`--comment ${mark} `)) return;
  for (const rule of exemptions(clusterCIDR, mark)) {
    // Somebody may have removed one of the two.
    await run(iptables, ['-w', '-D', chain, ...rule]).catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.code !== 1) throw error;
    });
  }
}

function programFor(clusterCIDR: string): string {
  return clusterCIDR.includes(':') ? 'ip6tables' : 'iptables';
}

function exemptions(clusterCIDR: string, mark: string): string[][] {
  return ['-s', '-d'].map((side) => [side, clusterCIDR, '-m', 'comment', '--comment', mark, '-j', 'ACCEPT']);
}

/** Undefined: there is no iptables that works, hence nothing of its kind that drops. */
async function rulesOf(run: Run, iptables: string): Promise<string | undefined> {
  return run(iptables, ['-w', '-S', chain]).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined;
    throw error;
  });
}
