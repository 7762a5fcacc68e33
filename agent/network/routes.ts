// Routes to the pods of other nodes, through the nodes' own addresses (all on one L2 segment), as entries of our own
// routing protocol number: what carries the number is ours to change and to remove.

import { rangeOf, toNumber } from '../../core/machinery/ipv4.ts';
import { parseJson } from '../../core/machinery/json.ts';
import type { V1Node } from '../../generated/kubernetes.ts';
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

/** The routes of our number. */
export class Routes {
  readonly #run: Run;
  /** What the kernel holds; undefined while that is not known. */
  #held: ReadonlyMap<string, string> | undefined;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Makes them those of `wanted`. Rejects with CommandError, after having tried every route. */
  async apply(wanted: ReadonlyMap<string, string>): Promise<void> {
    const held = this.#held ?? (await this.#list());
    this.#held = undefined;
    const failures: unknown[] = [];
    const attempt = (args: string[]) => this.#run('ip', args).catch((error: unknown) => void failures.push(error));
    for (const [cidr, via] of held) {
      if (wanted.get(cidr) !== via) await attempt(['route', 'del', cidr, 'via', via, 'proto', String(routeProtocol)]);
    }
    for (const [cidr, via] of wanted) {
      if (held.get(cidr) !== via) await attempt(['route', 'replace', cidr, 'via', via, 'proto', String(routeProtocol)]);
    }
    if (failures.length > 0) throw failures[0];
    this.#held = wanted;
  }

  /** The next `apply` asks the kernel what there is. */
  forget(): void {
    this.#held = undefined;
  }

  async remove(): Promise<void> {
    this.#held = undefined;
    await this.#run('ip', ['-4', 'route', 'flush', 'proto', String(routeProtocol)]);
  }

  async #list(): Promise<Map<string, string>> {
    const listing = await this.#run('ip', ['-j', '-4', 'route', 'show', 'proto', String(routeProtocol)]);
    // iproute2 prints nothing, or [ ], when there are none; a route with no gateway is that of the service range.
    const listed = parseJson(listing.trim() || '[]') as { dst: string; gateway?: string }[];
    return new Map(listed.flatMap(({ dst, gateway }) => (gateway === undefined ? [] : [[dst, gateway] as const])));
  }
}
