// Keeps what there is of hosted clusters as the Cluster objects say: makes, ends those whose time is over, removes. What counts is in the
// objects: whatever an invocation leaves half, the next one finishes.

import { type AskedCluster, clusterFinalizer, clusterType } from '../../../core/hosted/cluster-type.ts';
import { ensureHosted } from '../../../core/hosted/first-objects.ts';
import { errorText } from '../../../core/machinery/error-text.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { inTurn } from '../../../core/work/in-turn.ts';
import { longestDelayMs } from '../../../core/work/until-quiet.ts';
import { workerRows } from '../../../core/work/workers.ts';
import type { WorkersOptions } from '../workers-options.ts';
import type { Host, Part } from './host.ts';
import { sayState } from './say-state.ts';

export interface LifecycleOptions extends WorkersOptions {
  readonly host: Host;
}

export interface Lifecycle {
  /** `housekeeping`: also at what nobody wakes it for. */
  look(housekeeping: boolean): Promise<void>;
}

/** Whoever had found a cluster before it ended may still write to it for so long: the longest invocation, and then some. Milliseconds. */
const lastWritesMs = 20 * 60_000;

/** How long its controllers are waited for. */
const othersMs = 20_000;

export function openLifecycle(options: LifecycleOptions): Lifecycle {
  const { host, settings, connected, waking, logger } = options;
  const { client, parts } = host;
  const turn = {
    worker: 'hosting' as const,
    wakes: connected.wakes,
    waking,
    onError: (err: unknown) => logger.warn({ err }, 'a worker could not say that it goes on'),
  };
  /** When the wake-up arrives that was last sent for the end of a cluster's time. */
  let wokenAt = 0;

  async function make({ name, uid, expiresAt }: AskedCluster): Promise<void> {
    // First: what has no note would not be found if its Cluster went now.
    if (!(await parts.find(uid))) await parts.write(uid, {});
    const own = await connected.hosted(uid);
    await ensureHosted({ ...own, settings });
    await sayState(client, { name, uid, expiresAt }, { ready: true, amount: await own.usage.read() });
    // Its first objects ask for more: each namespace for its account.
    await waking.wake('hosting', { cluster: uid });
  }

  async function end({ name, uid }: AskedCluster): Promise<void> {
    await remove({ uid });
    await client.modify<KubeObject>(clusterType, '', name, {
      build(found) {
        const finalizers = found.metadata.finalizers ?? [];
        if (found.metadata.uid !== uid || !finalizers.includes(clusterFinalizer)) return undefined;
        const left = finalizers.filter((one) => one !== clusterFinalizer);
        return { ...found, metadata: { ...found.metadata, finalizers: left } };
      },
    });
  }

  /** All that is there of it, at once, and once more when nobody can write to it any more. */
  async function remove({ uid, endedAt }: Part): Promise<void> {
    // Whoever runs its controllers would write to it once more.
    const alone = await inTurn({ ...turn, wakeup: { cluster: uid }, waitMs: othersMs }, async () => {
      const own = await connected.hosted(uid);
      await own.wipe();
      return 'quiet';
    });
    if (!alone) throw new Error(`the cluster ${uid} is still worked on: it is removed at the next look`);
    await connected.wakes.forget({ worker: 'hosting', part: uid });
    if (endedAt === undefined) await parts.write(uid, { endedAt: Date.now() });
    else if (endedAt + lastWritesMs < Date.now()) await parts.write(uid, undefined);
  }

  async function one(asked: AskedCluster): Promise<void> {
    const { name, uid, ending, expiresAt, ready } = asked;
    try {
      if (ending) return await end(asked);
      if (expiresAt !== undefined && expiresAt <= Date.now()) {
        if (await client.delete(clusterType, '', name, { preconditions: { uid } }))
          logger.info({ cluster: name }, 'its time is over: deleted');
        return await end(asked);
      }
      if (!ready) await make(asked);
    } catch (err) {
      if (hasReason(err, 'NotFound') || hasReason(err, 'Conflict')) return;
      if (!ready && !ending) await sayState(client, asked, { ready: false, why: errorText(err) }).catch(() => {});
      throw err;
    }
  }

  /** What has no Cluster any more; and who has something to do before the next look. */
  async function tidy(alive: ReadonlySet<string>, noted: readonly Part[]): Promise<void> {
    const nextLook = Date.now() + workerRows.hosting.everyMinutes * 60_000;
    for (const part of noted) {
      const { uid, wakeAt } = part;
      if (!alive.has(uid)) await remove(part);
      else if (wakeAt !== undefined && wakeAt <= nextLook) await waking.wakeAt('hosting', { cluster: uid }, wakeAt);
    }
  }

  return {
    async look(housekeeping) {
      // Before the Clusters: a part is noted after its Cluster was made, so what is noted and has none has none any more.
      const noted = housekeeping ? await parts.all() : [];
      const clusters = await host.clusters();
      const outcomes = await Promise.allSettled(clusters.map(({ asked }) => one(asked)));
      await tidy(new Set(clusters.map(({ asked }) => asked.uid)), noted);
      const soonest = Math.min(...clusters.map(({ asked }) => asked.expiresAt ?? Number.POSITIVE_INFINITY));
      if (soonest > Date.now() && soonest <= Date.now() + longestDelayMs && soonest !== wokenAt) {
        wokenAt = soonest;
        await waking.wakeAt('hosting', {}, soonest);
      }
      const failed = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      if (failed.length > 0) throw new AggregateError(failed, 'clusters could not be made or removed');
    },
  };
}
