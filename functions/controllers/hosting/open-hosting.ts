// The worker of hosted clusters: makes, ends and removes them as the host's Cluster objects say, and runs the controllers of those in which
// something changed. A cluster in which nothing changes is not even looked at.

import { parseJson } from '../../../core/machinery/json.ts';
import { fieldAt } from '../../../core/machinery/structure/field-at.ts';
import { asksForHousekeeping, type QueueEvent } from '../../../core/work/invocation.ts';
import type { QueueHandler, WorkersOptions } from '../workers-options.ts';
import { openHost } from './host.ts';
import { openHostedControllers } from './hosted-controllers.ts';
import { openLifecycle } from './lifecycle.ts';

export async function openHosting(options: WorkersOptions): Promise<QueueHandler> {
  const { logger } = options;
  const host = await openHost(options);
  const lifecycle = openLifecycle({ ...options, host });
  const controllers = openHostedControllers({ ...options, host });
  return async (event, context) => {
    // as: only the queue invokes this function.
    const { Records } = event as QueueEvent;
    const byCluster = Map.groupBy(Records, ({ body }) => clusterOf(body));
    const work = [...byCluster].map(async ([cluster, messages]) => {
      try {
        if (cluster === undefined) await lifecycle.look(asksForHousekeeping({ Records: messages }));
        else await controllers.work(cluster, () => context.getRemainingTimeInMillis());
        return [];
      } catch (err) {
        // One is nothing to the others: what belongs to it comes again.
        logger.error({ err, cluster }, 'work for hosted clusters failed; its messages come again');
        return messages.map(({ messageId }) => ({ itemIdentifier: messageId }));
      }
    });
    try {
      return { batchItemFailures: (await Promise.all(work)).flat() };
    } finally {
      await host.end();
    }
  };
}

/** undefined: of the host. */
function clusterOf(body: string): string | undefined {
  try {
    const cluster = fieldAt(parseJson(body), ['cluster']);
    return typeof cluster === 'string' ? cluster : undefined;
  } catch {
    // A message that is no JSON is a wake-up like any other.
    return undefined;
  }
}
