// The controllers of the cluster itself as a function: catch up, reconcile until nothing is left, leave a delayed wake-up for what
// is due later. Any number may run at the same time (D4).

import { randomUUID } from 'node:crypto';
import { amazonRoots } from '../../core/cluster/amazon-roots.ts';
import { ensureAuthority } from '../../core/cluster/authority.ts';
import { ensureSigningKey } from '../../core/cluster/signing-key.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import { openOverRelays } from '../../core/registry/over-relays.ts';
import { secretTokenSigner } from '../../core/signature/secret-token.ts';
import { startCompaction } from '../../core/store/compaction.ts';
import { takeTurn } from '../../core/store/take-turn.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import { controllers } from './all.ts';
import { createEc2Instances } from './cloud/ec2-instances.ts';
import { createMetricsReader } from './read-metrics.ts';
import { startControllers } from './run.ts';
import type { WorkerHandler, WorkersOptions } from './workers-options.ts';

/** The schedule sees to it. */
const never = 24 * 3600_000;
/** Two and a half heartbeats of a node that reports every 75 seconds. */
const nodeGraceMs = 190_000;
/** How often old log entries and tombstones are let go, whatever process does it, and how often it is looked whether they are due. */
const compactEveryMs = 6 * 3600_000;
const lookEveryMs = 3600_000;
/** How often values in S3 that nothing refers to are looked for. */
const collectEveryMs = 24 * 3600_000;

export async function openOwn({ settings, connected, queue, waking, logger }: WorkersOptions): Promise<WorkerHandler> {
  const log = (message: string, error?: unknown) => logger.warn({ err: error }, message);
  const worker = createWorkerFunction({
    worker: 'controllers',
    wakes: connected.wakes,
    waking,
    log: logger,
    resyncMs: never,
  });
  const store = worker.wakingOthers(connected.store);
  // For the webhooks of what the controllers write.
  const { parts, end } = openOverRelays(store, { ...settings, relays: connected.relays, queue });
  const compaction = startCompaction(connected.store, { everyMs: never, policy: { keepMs: settings.historyMs } });
  let lookedAt = 0;

  const authority = await ensureAuthority(store, new Date());
  await serveCustomResources({ ...parts, onError: (error) => log('custom resources', error) });
  const running = startControllers({
    ...parts,
    store,
    identity: `controllers-${randomUUID()}`,
    controllers: controllers({
      // The authority's, by which nodes serve the API to their pods, and the roots behind its URL.
      caCertificate: authority.certificate + amazonRoots(),
      authority: () => ensureAuthority(store, new Date()),
      signSecretToken: secretTokenSigner(() => ensureSigningKey(store)),
      podCIDR: settings.podCIDR,
      heartbeats: () => connected.heartbeats.all(),
      nodeGraceMs,
      // Other functions hear the beats.
      deafBeforeStart: false,
      readApi: createMetricsReader({ heartbeats: connected.heartbeats, replicas: parts.replicas, now: Date.now }),
      autoscalerSyncMs: settings.autoscalerSyncMs,
      ...(settings.ec2Nodes && { cloud: createEc2Instances(settings.region) }),
    }),
    clock: Date.now,
    timers: worker.timers,
    random: Math.random,
    log,
    resyncMs: never,
  });

  /** What runs out with time. The controllers see what came of it when they catch up. */
  async function housekeeping(): Promise<void> {
    await connected.store.expire();
    if (Date.now() - lookedAt < lookEveryMs) return;
    lookedAt = Date.now();
    if (await takeTurn(connected.store, 'compaction', compactEveryMs, lookedAt)) await compaction.run();
    if (await takeTurn(connected.store, 'collection', collectEveryMs, lookedAt)) await connected.store.collect();
  }

  return worker.answer(running.idle, { housekeeping, afterwards: end });
}
