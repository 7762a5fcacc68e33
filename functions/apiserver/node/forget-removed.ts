// What is kept of a node beside its object goes with it: its queue and its heartbeat. Each is made again when the node comes back.

import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import type { NodeIndex } from './node-index.ts';
import { nodeQueue } from './node-queue.ts';

export interface ForgetOptions {
  readonly nodes: NodeIndex;
  readonly queue: Queue;
  readonly heartbeats: Heartbeats;
  readonly log?: Log | undefined;
  /** Told of the work, for who must wait for it. */
  readonly working?: (work: Promise<void>) => void;
}

/** Follows the nodes until the result is called. */
export function forgetRemovedNodes({ nodes, queue, heartbeats, log, working }: ForgetOptions): () => void {
  return nodes.replica('nodes').onEvent(({ type, entry: { name } }) => {
    if (type !== 'DELETED') return;
    const work = Promise.all([heartbeats.forget(name), queue.remove(nodeQueue(name))]).then(
      () => {},
      (err: unknown) => log?.error({ err, node: name }, 'could not forget a node that was removed'),
    );
    working?.(work);
  });
}
