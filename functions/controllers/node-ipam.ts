// Gives each node its ranges of pod addresses, one of each family that the cluster has. Only who holds the claim on all ranges gives one, so
// that two never give the same; a node's place follows from its name, so that a node that comes again mostly has the ranges that it had.

import { createHash } from 'node:crypto';
import { formatIp, parseIp } from '../../core/machinery/ip.ts';
import { type Action, type Controller, controllerUser, defineController, regarding, watchSelf } from './controller.ts';
import { patchWithPreconditions } from './preconditions.ts';

const type = 'nodes';

/** `clusterCIDR`: such as 10.244.0.0/16, or 10.244.0.0/16,fd00:10:244::/56. `nodeMask`: the length of a node's prefix; default 24 for IPv4 and 64 for IPv6. */
export function createNodeIpamController(clusterCIDR: string, nodeMask?: number): Controller {
  const spaces = clusterCIDR.split(',').map((each) => spaceOf(each.trim(), nodeMask));
  return defineController({
    name: 'node-ipam',
    component: 'node-controller',
    user: controllerUser('node-controller'),
    watches: [watchSelf(type)],
    exclusive: 'node-ipam',
    owns: [type],
    reconcile(snapshot, name): Action<typeof type>[] {
      const node = snapshot.get(type, '', name);
      if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) return [];
      const about = regarding('v1', 'Node', node);
      const taken = new Set(snapshot.list(type).flatMap((each) => each.spec?.podCIDRs ?? each.spec?.podCIDR ?? []));
      const start = createHash('sha256').update(name).digest().readUInt32BE();
      const podCIDRs = spaces.flatMap((space) => freeRange(space, start, taken) ?? []);
      const [podCIDR] = podCIDRs;
      if (podCIDR === undefined || podCIDRs.length < spaces.length) {
        const message = `Node ${name} status is now: CIDRNotAvailable`;
        return [{ do: 'event', regarding: about, event: { type: 'Normal', reason: 'CIDRNotAvailable', message } }];
      }
      const given = patchWithPreconditions(type, node, { spec: { podCIDR, podCIDRs } });
      // Each node is given its range once, when it is new: then it is told of, however often this process begins anew.
      const registered = `Node ${name} event: Registered Node ${name} in Controller`;
      const event = { type: 'Normal' as const, reason: 'RegisteredNode', message: registered };
      return [given, { do: 'barrier' }, { do: 'event', regarding: about, event }];
    },
  });
}

/** The cluster's range of one family, cut into those of nodes. */
interface Space {
  readonly places: number;
  rangeOf(place: number): string;
}

function spaceOf(clusterCIDR: string, nodeMask: number | undefined): Space {
  const [address = '', length = ''] = clusterCIDR.split('/');
  const base = parseIp(address);
  if (!base) throw new Error(`the cluster CIDR ${clusterCIDR} is not an address range: write it like 10.244.0.0/16`);
  const { family, bits } = base;
  const width = family === 4 ? 32 : 128;
  const mask = Math.max(nodeMask ?? (family === 4 ? 24 : 64), Number(length));
  return {
    places: 2 ** Math.min(mask - Number(length), 30),
    rangeOf: (place) => `${formatIp({ family, bits: bits + (BigInt(place) << BigInt(width - mask)) })}/${mask}`,
  };
}

function freeRange({ places, rangeOf }: Space, start: number, taken: ReadonlySet<string>): string | undefined {
  for (let i = 0; i < places; i++) {
    const range = rangeOf(((start % places) + i) % places);
    if (!taken.has(range)) return range;
  }
  return undefined;
}
