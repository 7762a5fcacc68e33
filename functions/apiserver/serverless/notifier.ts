// The node notifier as a worker: looks at the log, wakes the nodes that a change concerns, forgets what is kept of removed ones.

import { nodeResources } from '../../../core/node/protocol.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import { forgetRemovedNodes } from '../node/forget-removed.ts';
import { latePeerGroups } from '../node/late-peer-groups.ts';
import { createNodeIndex } from '../node/node-index.ts';
import { createNotifier } from '../node/notifier.ts';

export interface NotifierWorkerOptions {
  readonly replicas: Replicas;
  readonly queue: Queue;
  readonly heartbeats: Heartbeats;
  readonly log: Log;
}

/** Resolves when all nodes were woken that a change before the call concerns. A new process wakes every node once. */
export async function openNotifier(options: NotifierWorkerOptions): Promise<() => Promise<void>> {
  const { replicas, heartbeats, log } = options;
  const sending = new Set<Promise<void>>();
  const track = (work: Promise<void>) => {
    const tracked = work.finally(() => sending.delete(tracked));
    tracked.catch(() => undefined);
    sending.add(tracked);
  };
  const queue: Queue = {
    ...options.queue,
    send(name, body) {
      const work = options.queue.send(name, body);
      track(work);
      return work;
    },
  };
  const nodes = await createNodeIndex(replicas, latePeerGroups);
  // Another function answers the nodes' fetches, so what was sent before holds nothing back.
  const notifier = createNotifier({ nodes, queue, log, patienceMs: 0 });
  forgetRemovedNodes({ nodes, queue, heartbeats, log, working: track });
  // What happened before this process began is known to nobody: each node looks for itself.
  for (const { name } of nodes.replica('nodes').snapshot()) notifier.wake(name);
  return async () => {
    await Promise.all(nodeResources.map((resource) => nodes.replica(resource).catchUp()));
    await nodes.peerGroups.loaded();
    // The notifier collects the events of a turn.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.allSettled(sending);
  };
}
