// How the control plane's process reaches endpoints of Services: pods of other machines over their nodes, those of this machine at their
// addresses, which the pod network makes reachable from here.

import { networkInterfaces } from 'node:os';
import type { ConnectPod } from '../../core/node/node-stream.ts';
import { type Reach, reachEndpoints } from '../../core/registry/reach.ts';
import type { Replicas } from '../../core/replica/replica.ts';

/** `ownAddresses`: default those of this machine's links, asked for anew each time. */
export function reachFromHere(
  replicas: Replicas,
  connectPod: ConnectPod,
  ownAddresses: () => ReadonlySet<string> = addressesOfLinks,
): Reach {
  const isHere = async (name: string) => {
    const node = (await replicas.of('nodes')).get(name)?.object;
    const internal = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    return internal !== undefined && ownAddresses().has(internal);
  };
  return reachEndpoints({ connectPod, isHere });
}

function addressesOfLinks(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return new Set(all.filter(({ internal }) => !internal).map(({ address }) => address));
}
