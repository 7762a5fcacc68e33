// Routes to the pods of other nodes, through the nodes' own addresses (all on one L2 segment), as entries of our own
// routing protocol number: what carries the number is ours to change and to remove.

import type { V1Node } from '../../generated/kubernetes.ts';
import { rangeOf, toNumber } from './ipv4.ts';
import type { Run } from './run.ts';

/** Not among the numbers that iproute2 names (/etc/iproute2/rt_protos). */
export const routeProtocol = 119;

/** Pod range -> address of its node, for every node but this one. */
export function podRoutes(nodes: readonly V1Node[], nodeName: string): Map<string, string> {
  const routes = new Map<string, string>();
  for (const { metadata, spec, status } of nodes) {
    if (metadata?.name === nodeName) continue;
    const cidr = [spec?.podCIDR ?? '', ...(spec?.podCIDRs ?? [])].find((range) => rangeOf(range) !== undefined);
    const via = status?.addresses?.find(
      (address) => address.type === 'InternalIP' && toNumber(address.address) !== undefined,
    )?.address;
    if (cidr !== undefined && via !== undefined) routes.set(cidr, via);
  }
  return routes;
}

interface ListedRoute {
  dst: string;
  gateway?: string;
}

/** Makes the kernel's routes of our number those of `wanted`. Rejects with CommandError, after having tried every route. */
export async function applyRoutes(run: Run, wanted: ReadonlyMap<string, string>): Promise<void> {
  const listing = await run('ip', ['-j', '-4', 'route', 'show', 'proto', String(routeProtocol)]);
  // iproute2 prints nothing, or [ ], when there are none; routes with no gateway (the service range) are not this list's.
  const held = (JSON.parse(listing.trim() || '[]') as ListedRoute[]).filter((route) => route.gateway !== undefined);
  const failures: unknown[] = [];
  const attempt = (args: string[]) => run('ip', args).catch((error: unknown) => failures.push(error));
  for (const { dst, gateway } of held) {
    if (wanted.get(dst) !== gateway) await attempt(['route', 'del', dst, 'proto', String(routeProtocol)]);
  }
  for (const [cidr, via] of wanted) {
    if (held.some((route) => route.dst === cidr && route.gateway === via)) continue;
    await attempt(['route', 'replace', cidr, 'via', via, 'proto', String(routeProtocol)]);
  }
  if (failures.length > 0) throw failures[0];
}

export async function removeRoutes(run: Run): Promise<void> {
  await run('ip', ['-4', 'route', 'flush', 'proto', String(routeProtocol)]);
}
