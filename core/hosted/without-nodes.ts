// What stands for nodes in a cluster that has none: nothing in it leads to a node, least of all to one of its host that has the same name, nor
// to an address that its host's machines alone reach.

import { StatusError } from '../machinery/status.ts';
import { type Queue, QueueError } from '../queue/queue.ts';
import type { Reach } from '../registry/reach.ts';

const refuse = async (name: string) => {
  throw new QueueError('missing', name, 'this cluster has no nodes');
};

const queue: Queue = { create: refuse, remove: refuse, send: refuse, receive: refuse, acknowledge: refuse };

const reach: Reach = async () => {
  throw new StatusError(
    'ServiceUnavailable',
    'this cluster has no nodes, so there is no way to a Service: a webhook of it is reached by its url',
    {},
  );
};

export const withoutNodes: { readonly queue: Queue; readonly reach: Reach } = { queue, reach };
