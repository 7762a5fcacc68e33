// Routes to the pods of other nodes, through the nodes' own addresses or a device, as entries of our own routing protocol number: what
// carries the number is ours to change and to remove.

import { parseJson } from '../../core/machinery/json.ts';
import type { Run } from './run.ts';

/** Not among the numbers that iproute2 names (/etc/iproute2/rt_protos). */
export const routeProtocol = 119;

/** A way as `ip route` takes it: `via 10.0.0.2`, or `dev zp-wg src 10.244.1.1`. */
export type Way = string;

/** The routes of our number that lead to pods, of one family. */
export class Routes {
  readonly #run: Run;
  /** What the kernel holds; undefined while that is not known. */
  #held: ReadonlyMap<string, Way> | undefined;

  readonly #device: string;
  readonly #family: '-4' | '-6';

  /** `device`: of the routes that have no gateway. */
  constructor(run: Run, device: string, family: '-4' | '-6' = '-4') {
    this.#family = family;
    this.#run = run;
    this.#device = device;
  }

  /** Makes them those of `wanted`. Rejects with CommandError, after having tried every route. */
  async apply(wanted: ReadonlyMap<string, Way>): Promise<void> {
    const held = this.#held ?? (await this.#list());
    this.#held = undefined;
    const failures: unknown[] = [];
    const attempt = (args: string[]) => this.#run('ip', args).catch((error: unknown) => void failures.push(error));
    const route = (verb: string, cidr: string, way: Way) =>
      attempt(['route', verb, cidr, ...way.split(' '), 'proto', String(routeProtocol)]);
    // One that changes is replaced, and is there all the time.
    for (const [cidr, way] of held) if (!wanted.has(cidr)) await route('del', cidr, way);
    for (const [cidr, way] of wanted) if (held.get(cidr) !== way) await route('replace', cidr, way);
    if (failures.length > 0) throw failures[0];
    this.#held = wanted;
  }

  /** The next `apply` asks the kernel what there is. */
  forget(): void {
    this.#held = undefined;
  }

  async remove(): Promise<void> {
    this.#held = undefined;
    await this.#run('ip', [this.#family, 'route', 'flush', 'proto', String(routeProtocol)]);
  }

  async #list(): Promise<Map<string, Way>> {
    const listing = await this.#run('ip', ['-j', this.#family, 'route', 'show', 'proto', String(routeProtocol)]);
    // iproute2 prints nothing, or [ ], when there are none; a route with neither is that of the service range.
    const listed = parseJson(listing.trim() || '[]') as {
      dst: string;
      gateway?: string;
      dev?: string;
      prefsrc?: string;
    }[];
    return new Map(
      listed.flatMap(({ dst, gateway, dev, prefsrc }) => {
        if (gateway !== undefined) return [[dst, `via ${gateway}`] as const];
        return dev === this.#device ? [[dst, wayThrough(dev, prefsrc ?? '')] as const] : [];
      }),
    );
  }
}

export function wayThrough(device: string, source: string): Way {
  return `dev ${device} src ${source}`;
}
