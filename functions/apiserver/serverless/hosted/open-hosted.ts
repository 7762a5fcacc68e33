// The API server of a hosted cluster in a function: the same handler as its host's, over its part of the table, with its keys. What it has
// not: nodes, and all that leads to them.

import { loadDefinitions } from '../../../../core/api/definitions.ts';
import type { FunctionSettings } from '../../../../core/cluster/settings.ts';
import { administrators } from '../../../../core/hosted/administrator.ts';
import { ensureHosted } from '../../../../core/hosted/first-objects.ts';
import { lineOf } from '../../../../core/hosted/lines-of.ts';
import { withoutNodes } from '../../../../core/hosted/without-nodes.ts';
import { createLog, type Log, writeLine } from '../../../../core/process/log.ts';
import { createLazyRegistry } from '../../../../core/registry/lazy.ts';
import { lookups } from '../../../../core/registry/lookup.ts';
import { createWebhookCaller } from '../../../../core/registry/webhooks/caller.ts';
import { createReplicas } from '../../../../core/replica/replicas.ts';
import { boundedStore } from '../../../../core/store/bounded-store.ts';
import type { Claims } from '../../../../core/store/claims.ts';
import type { HostedStore } from '../../../../core/store/dynamodb/connect-parts.ts';
import { notifyOwnCommits } from '../../../../core/store/own-commits.ts';
import type { Meter } from '../../../../core/work/meter.ts';
import { createWakeups } from '../../../../core/work/wakeups.ts';
import type { Waking } from '../../../../core/work/waking.ts';
import { createApiServer } from '../../handler.ts';
import { loadWriteRoutes } from '../../resources/routes.ts';
import { lazyAggregation } from '../aggregation.ts';
import { auditedBy } from '../audited-by.ts';
import { freshReplicas } from '../fresh-replicas.ts';
import { invocationShares } from '../invocation-shares.ts';
import { pollWatches } from '../polled-watches.ts';
import type { ServerlessApi } from '../serverless-api.ts';
import { issuerOf } from './find.ts';

export interface HostedOptions {
  readonly name: string;
  readonly uid: string;
  readonly settings: FunctionSettings;
  readonly claims: Claims;
  readonly hosted: (uid: string) => Promise<HostedStore>;
  readonly waking: Waking;
  readonly log: Log;
  readonly meter: Meter;
}

/** A client that left is noticed by nobody: its watch goes on until its own end. */
const longestWatchMs = 5 * 60_000;
const longestInvocationMs = 15 * 60_000;

export async function openHosted(options: HostedOptions): Promise<ServerlessApi> {
  const { name, uid, settings, waking, meter } = options;
  const log = createLog(settings.logLevel, (line) => writeLine(lineOf(name, line)));
  const { serviceCIDR, clusterDomain } = settings;
  const now = () => new Date();
  const own = await options.hosted(uid);
  const wakeups = createWakeups({
    waking,
    cluster: uid,
    onError: (err, worker) => log.warn({ err, worker }, 'a worker could not be woken; the stream will'),
  });
  const bounded = boundedStore(own.store, own.usage, settings.clusters, (err) =>
    log.warn({ err }, 'what was let go of is still counted'),
  );
  const store = notifyOwnCommits(bounded, wakeups.committed);
  const local = createReplicas(store);
  const replicas = freshReplicas(local, () => performance.now());
  const definitions = loadDefinitions();
  const { reach, queue: noQueue } = withoutNodes;
  const callWebhook = createWebhookCaller({ ...lookups(store, replicas), random: Math.random, reach });
  const registry = createLazyRegistry({
    ...{ store, replicas, definitions, clock: now, serviceCIDR, clusterDomain, callWebhook },
  });
  const aggregation = lazyAggregation({ registry, definitions, store, replicas: local, reach, log, now });
  const [key] = await Promise.all([
    // Of another build; of this one they were made with the cluster.
    ensureHosted({ ...own, settings }),
    registry.loadWrites(),
    loadWriteRoutes(),
  ]);
  await wakeups.flush();
  const issuer = issuerOf(settings, name);
  const audited = await auditedBy(settings.auditPolicy, name);
  const api = await createApiServer({
    registry: pollWatches(registry, {
      replicas,
      quickMs: 100,
      slowMs: 1000,
      onError: (err) => log.warn({ err }, 'a watch could not look at the log'),
      onLag: meter.lagged,
    }),
    ...{ definitions, store, replicas, queue: noQueue, heartbeats: own.heartbeats, callWebhook, aggregation, log },
    serviceAccounts: { issuer, keys: [key] },
    tokenAuthenticators: [administrators({ uid, issuer, key }, now)],
    ...(audited && { audit: audited.audit }),
    followNodes: false,
    // To its host it is one user: what one cluster holds open, others and the host cannot have.
    lasting: sharesOf(uid, options),
    watch: { bookmarkMs: 60_000, maxTimeoutMs: longestWatchMs },
  });
  return {
    async handle(request) {
      try {
        const preparing = aggregation.prepare(request.path).catch((err: unknown) => {
          log.warn({ err }, 'the APIServices could not be looked at');
        });
        // Another process may have written a moment ago, and clusters that are asked seldom have seen nothing for long.
        await replicas.freshen(0);
        await preparing;
        return await api.handle(request);
      } finally {
        await wakeups.flush();
      }
    },
    answered: () => audited?.lines.flush(),
  };
}

function sharesOf(uid: string, { claims, settings, log }: HostedOptions) {
  const shares = invocationShares({
    claims,
    pool: 'invocations',
    atOnce: settings.concurrency,
    longestMs: longestInvocationMs,
    now: Date.now,
    onError: (err) => log.warn({ err }, 'a share could not be given back: it ends by itself'),
  });
  return { take: () => shares.take(`hosted/${uid}`) };
}
