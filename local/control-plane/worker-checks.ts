// Health checks of the thread of scheduler and controllers: without it the cluster would look alive and do nothing.

import type { Family } from '../../core/metrics/family.ts';
import type { HealthCheck } from '../../functions/apiserver/system/health.ts';
import type { AskWorker } from './worker-port.ts';

/** A scheduling pass over a large cluster may take a while; longer than this, and something hangs. */
const answerMs = 10_000;

export function workerChecks(worker: Pick<AskWorker, 'state'>): HealthCheck[] {
  return [
    {
      name: 'scheduler-and-controllers',
      endpoints: ['livez', 'readyz'],
      timeoutMs: answerMs,
      check: async () => void (await worker.state()),
    },
    {
      name: 'scheduler-and-controllers-sync',
      endpoints: ['readyz'],
      timeoutMs: answerMs,
      async check() {
        if (!(await worker.state()).started) throw new Error('scheduler and controllers have not read everything yet');
      },
    },
  ];
}

/** A scraper does not wait for ever: what a stuck thread counted is left out, and the health checks say so. */
export async function workerFamilies(worker: Pick<AskWorker, 'families'>, ms = 5000): Promise<readonly Family[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Family[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ms);
  });
  try {
    return await Promise.race([worker.families(), late]);
  } finally {
    clearTimeout(timer);
  }
}
