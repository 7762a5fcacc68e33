// The controllers of hosted clusters, each over its own part of the table: those of a cluster run when something changed in it, or is due.

import { randomUUID } from 'node:crypto';
import { amazonRoots } from '../../../core/cluster/amazon-roots.ts';
import { ensureAuthority } from '../../../core/cluster/authority.ts';
import { ensureSigningKey } from '../../../core/cluster/signing-key.ts';
import { withoutNodes } from '../../../core/hosted/without-nodes.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { serveCustomResources } from '../../../core/registry/custom-resources.ts';
import { openInProcess } from '../../../core/registry/in-process.ts';
import { replicasOfNow } from '../../../core/replica/replicas.ts';
import { secretTokenSigner } from '../../../core/signature/secret-token.ts';
import { boundedStore } from '../../../core/store/bounded-store.ts';
import { startCompaction } from '../../../core/store/compaction.ts';
import { takeTurn } from '../../../core/store/take-turn.ts';
import { type Ended, longestDelayMs, workUntilQuiet } from '../../../core/work/until-quiet.ts';
import { createWakeupTimers } from '../../../core/work/wakeup-timers.ts';
import { controllers } from '../all.ts';
import { startControllers } from '../run.ts';
import type { WorkersOptions } from '../workers-options.ts';
import type { Host } from './host.ts';
import { sayState, tellsMore } from './say-state.ts';

export interface HostedControllersOptions extends WorkersOptions {
  readonly host: Host;
}

export interface HostedControllers {
  /** Until the cluster is quiet. `remainingMs`: of the invocation. */
  work(uid: string, remainingMs: () => number): Promise<Ended>;
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Clusters whose controllers a process keeps: each holds all that is in its cluster. */
const mostOpen = 6;
/** Signals that are lost are made good by the table's stream. */
const never = 24 * 3600_000;
const expireEveryMs = 5 * 60_000;
const lookEveryMs = 3600_000;
const compactEveryMs = 6 * 3600_000;

export function openHostedControllers(options: HostedControllersOptions): HostedControllers {
  const { host, waking } = options;
  const opened = new Map<string, Promise<Opened>>();
  const working = new Set<string>();

  async function close(uid: string): Promise<void> {
    const known = opened.get(uid);
    opened.delete(uid);
    await known?.then((each) => each.close());
  }

  async function openedOf(uid: string): Promise<Opened> {
    const known = opened.get(uid) ?? open(uid, options);
    opened.delete(uid);
    opened.set(uid, known);
    known.catch(() => opened.get(uid) === known && opened.delete(uid));
    for (const each of opened.keys()) if (opened.size > mostOpen && !working.has(each)) await close(each);
    return known;
  }

  return {
    async work(uid, remainingMs) {
      const found = (await host.clusters()).find(({ asked }) => asked.uid === uid);
      // What is not ready is not made yet, and wakes its controllers when it is written to.
      if (!found?.asked.ready || found.asked.ending) {
        await close(uid);
        return 'quiet';
      }
      working.add(uid);
      try {
        const { running, timers, delayed, housekeeping, usage, wakes } = await openedOf(uid);
        await housekeeping();
        const wakeups = { committed: () => {}, flush: async () => {} };
        const loop = {
          worker: 'hosting',
          wakeup: { cluster: uid },
          idle: running.idle,
          wakeups,
          timers,
          waking,
          clock: Date.now,
        } as const;
        const ended = await workUntilQuiet(loop, delayed, remainingMs);
        await wakes(timers.nextDue());
        const amount = await usage.read();
        if (tellsMore(found.object, amount))
          await sayState(host.client, found.asked, { ready: true, amount }).catch((err: unknown) => {
            // It was deleted meanwhile.
            if (!hasReason(err, 'NotFound')) throw err;
          });
        return ended;
      } finally {
        working.delete(uid);
      }
    },
  };
}

async function open(uid: string, { settings, connected, logger, host }: HostedControllersOptions) {
  const log = (message: string, error?: unknown) => logger.warn({ err: error, cluster: uid }, message);
  const own = await connected.hosted(uid);
  const store = boundedStore(own.store, own.usage, settings.clusters, (error) =>
    log('what was let go of is still counted', error),
  );
  const timers = createWakeupTimers(Date.now, never);
  const parts = openInProcess(store, replicasOfNow(store), { ...settings, reach: withoutNodes.reach });
  const authority = await ensureAuthority(own.store, new Date());
  const stopCustomResources = await serveCustomResources({
    ...parts,
    onError: (error) => log('custom resources', error),
  });
  const running = startControllers({
    ...parts,
    store,
    identity: `hosting-${randomUUID()}`,
    controllers: controllers({
      caCertificate: authority.certificate + amazonRoots(),
      authority: () => ensureAuthority(own.store, new Date()),
      signSecretToken: secretTokenSigner(() => ensureSigningKey(own.store)),
      podCIDR: settings.podCIDR,
      autoscalerSyncMs: settings.autoscalerSyncMs,
    }),
    clock: Date.now,
    timers,
    random: Math.random,
    log,
    resyncMs: never,
  });
  const compaction = startCompaction(own.store, { everyMs: never, policy: { keepMs: settings.historyMs } });
  let [expiredAt, lookedAt] = [0, 0];
  let wakeAt: number | undefined;

  return {
    ...{ running, timers, usage: own.usage },
    delayed: { at: undefined },
    /** What runs out with time, when the cluster is looked at anyway. */
    async housekeeping(): Promise<void> {
      const now = Date.now();
      if (now - expiredAt < expireEveryMs) return;
      expiredAt = now;
      for await (const deletes of own.expired()) if (deletes.length > 0) await store.commitEach(deletes);
      if (now - lookedAt < lookEveryMs) return;
      lookedAt = now;
      if (await takeTurn(own.store, 'compaction', compactEveryMs, now)) {
        await compaction.run();
        await own.collect();
      }
    },
    /** What is due later than wake-ups are left for is written down, for the host's next looks. */
    async wakes(due: number | undefined): Promise<void> {
      const next = due !== undefined && due > Date.now() + longestDelayMs ? due : undefined;
      if (next === wakeAt || (next !== undefined && wakeAt !== undefined && Math.abs(next - wakeAt) < 1000)) return;
      wakeAt = next;
      await host.parts.write(uid, next === undefined ? {} : { wakeAt: next });
    },
    async close(): Promise<void> {
      await running.stop();
      stopCustomResources();
      compaction.stop();
      parts.replicas.close();
    },
  };
}
