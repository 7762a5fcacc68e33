// The worker of hosted clusters: makes, ends and removes them as the host's Cluster objects say, and runs the controllers of those in which
// something changed. A cluster in which nothing changes is not even looked at.

import { inTurn } from '../../../core/work/in-turn.ts';
import { readWakeup } from '../../../core/work/invocation.ts';
import type { WorkerHandler, WorkersOptions } from '../workers-options.ts';
import { openHost } from './host.ts';
import { openHostedControllers } from './hosted-controllers.ts';
import { openLifecycle } from './lifecycle.ts';

export async function openHosting(options: WorkersOptions): Promise<WorkerHandler> {
  const { connected, waking, logger } = options;
  const host = await openHost(options);
  const lifecycle = openLifecycle({ ...options, host });
  const controllers = openHostedControllers({ ...options, host });
  return async (event, context) => {
    const { cluster, resync = false, housekeeping = false } = readWakeup(event);
    const wakeup = cluster === undefined ? {} : { cluster };
    const onError = (err: unknown) => logger.warn({ err, cluster }, 'a worker could not say that it goes on');
    try {
      if (resync) return await lifecycle.look(housekeeping);
      // One cluster is nothing to the others: each has its turns.
      await inTurn({ worker: 'hosting', wakeup, wakes: connected.wakes, waking, onError }, async () => {
        if (cluster !== undefined) return controllers.work(cluster, () => context.getRemainingTimeInMillis());
        await lifecycle.look(false);
        return 'quiet';
      });
    } finally {
      await host.end();
    }
  };
}
