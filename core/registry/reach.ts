// How the control plane reaches an endpoint of a Service, for webhooks and extension API servers: a pod over its node's own connection, since
// nothing can dial a node; what is no pod of a node, or a pod on this very machine, at its address.

import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectPod } from '../node/node-stream.ts';
import type { ServiceEndpoint } from './service-endpoint.ts';

/** A connection that may still be on its way: it fails when nobody listens. Throws StatusError when the endpoint's node does not answer. */
export type Reach = (endpoint: ServiceEndpoint, signal?: AbortSignal) => Promise<Duplex>;

export interface ReachOptions {
  /** Without it every endpoint is reached at its address. */
  readonly connectPod?: ConnectPod | undefined;
  /** Whether a node is this very machine, so that its pods' addresses lead there. Default: none is. */
  readonly isHere?: (node: string) => Promise<boolean>;
}

export function reachEndpoints({ connectPod, isHere = async () => false }: ReachOptions = {}): Reach {
  return async ({ host, port, pod }, signal) => {
    if (!pod || !connectPod || (await isHere(pod.node))) return connect({ host, port, noDelay: true });
    const { name, ...rest } = pod;
    return connectPod({ ...rest, pod: name, port }, signal);
  };
}
