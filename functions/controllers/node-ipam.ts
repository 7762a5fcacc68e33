// Gives each node its range of pod addresses. Only who holds the claim on all ranges gives one, so that two never give the same;
// a node's place follows from its name, so that a node that comes again mostly has the range that it had.

import { createHash } from 'node:crypto';
import { formatIp, parseIp } from '../../core/machinery/ip.ts';
import { type Action, type Controller, controllerUser, defineController, regarding, watchSelf } from './controller.ts';
import { patchWithPreconditions } from './preconditions.ts';

const type = 'nodes';

/** `clusterCIDR`: such as 10.244.0.0/16. `nodeMask`: the length of a node's prefix; default 24 for IPv4 and 64 for IPv6. */
export function createNodeIpamController(clusterCIDR: string, nodeMask?: number): Controller {
  const [address = '', length = ''] = clusterCIDR.split('/');
  const base = parseIp(address);
  if (!base) throw new Error(`the cluster CIDR ${clusterCIDR} is not an address range: write it like 10.244.0.0/16`);
  const width = base.family === 4 ? 32 : 128;
  const mask = Math.max(nodeMask ?? (base.family === 4 ? 24 : 64), Number(length));
  const places = 2 ** Math.min(mask - Number(length), 30);
  const rangeOf = (place: number) =>
    `${formatIp({ family: base.family, bits: base.bits + (BigInt(place) << BigInt(width - mask)) })}/${mask}`;
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
      const first = createHash('sha256').update(name).digest().readUInt32BE() % places;
      for (let i = 0; i < places; i++) {
        const podCIDR = rangeOf((first + i) % places);
        if (taken.has(podCIDR)) continue;
        const given = patchWithPreconditions(type, node, { spec: { podCIDR, podCIDRs: [podCIDR] } });
        // Each node is given its range once, when it is new: then it is told of, however often this process begins anew.
        const registered = `Node ${name} event: Registered Node ${name} in Controller`;
        const event = { type: 'Normal' as const, reason: 'RegisteredNode', message: registered };
        return [given, { do: 'barrier' }, { do: 'event', regarding: about, event }];
      }
      const message = `Node ${name} status is now: CIDRNotAvailable`;
      return [{ do: 'event', regarding: about, event: { type: 'Normal', reason: 'CIDRNotAvailable', message } }];
    },
  });
}
