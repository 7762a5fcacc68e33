// The API server of a function: the same handler as on one machine, with what a process needs that is frozen between requests.

import type { Definitions } from '../../../core/api/definition.ts';
import { loadDefinitions } from '../../../core/api/definitions.ts';
import { onceABuild } from '../../../core/cluster/first-start.ts';
import type { FunctionSettings } from '../../../core/cluster/settings.ts';
import { ensureSigningKey } from '../../../core/cluster/signing-key.ts';
import { sealTicket, ticketKey, ticketSeconds } from '../../../core/edge/ticket.ts';
import { clusterType } from '../../../core/hosted/cluster-type.ts';
import { streamKey } from '../../../core/node/channel/ticket.ts';
import { connectPods } from '../../../core/node/pod-connections.ts';
import { createRelayBroker } from '../../../core/node/relay-broker.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import { createLazyRegistry } from '../../../core/registry/lazy.ts';
import { lookups } from '../../../core/registry/lookup.ts';
import { reachEndpoints } from '../../../core/registry/reach.ts';
import { reachOverRelays } from '../../../core/registry/reach-over-relays.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import { createWebhookCaller } from '../../../core/registry/webhooks/caller.ts';
import { createReplicas, replicasOfNow } from '../../../core/replica/replicas.ts';
import type { Claims } from '../../../core/store/claims.ts';
import type { HostedStore } from '../../../core/store/dynamodb/connect-parts.ts';
import type { Groups } from '../../../core/store/groups.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import { notifyOwnCommits } from '../../../core/store/own-commits.ts';
import type { Relays } from '../../../core/store/relays.ts';
import type { Store, TypeName } from '../../../core/store/store.ts';
import type { Meter } from '../../../core/work/meter.ts';
import { createWakeups } from '../../../core/work/wakeups.ts';
import type { Waking } from '../../../core/work/waking.ts';
import { iamTokens } from '../authentication/iam-tokens.ts';
import type { ConfiguredAuthenticationOptions } from '../authentication/jwt/configured-authentication.ts';
import { nodeTokens } from '../authentication/node-tokens.ts';
import { createApiServer } from '../handler.ts';
import { isForKubeconfig } from '../hosted/is-for-kubeconfig.ts';
import type { Installer } from '../install/installer.ts';
import { groupedTypes } from '../node/grouped-types.ts';
import { storedNodes } from '../node/stored-nodes.ts';
import { loadWriteRoutes } from '../resources/routes.ts';
import { createLazyStreamHandler } from '../streams/lazy-stream-handler.ts';
import { lazyAggregation } from './aggregation.ts';
import { auditedBy } from './audited-by.ts';
import { freshReplicas } from './fresh-replicas.ts';
import { invocationShares } from './invocation-shares.ts';
import { lateJoining } from './late-joining.ts';
import { pollWatches } from './polled-watches.ts';
import { redirectWatches } from './redirected-watches.ts';
import type { ServerlessApi } from './serverless-api.ts';
import { askSts } from './sts.ts';
import { watchTicketKey } from './watch-ticket.ts';

export interface ServerlessOptions {
  readonly settings: FunctionSettings;
  readonly store: Store;
  readonly groups: Groups;
  readonly heartbeats: Heartbeats;
  readonly relays: Relays;
  readonly claims: Claims;
  /** The part of a cluster that this one hosts. */
  readonly hosted: (uid: string) => Promise<Pick<HostedStore, 'store'>>;
  readonly queue: Queue;
  readonly waking: Waking;
  readonly log: Log;
  readonly meter: Meter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether this process is to write: what that takes is loaded at once then, and not with the first write. */
  readonly writes: boolean;
}

/** A function lives 15 minutes; a client that lists and watches anew a minute earlier loses nothing. */
const longestWatchMs = 14 * 60_000;
const longestInvocationMs = 15 * 60_000;

export async function openServerless(options: ServerlessOptions): Promise<ServerlessApi> {
  const { settings, groups, heartbeats, relays, queue, waking, log, env } = options;
  const { serviceCIDR, clusterDomain, clusterName, issuer } = settings;
  const now = () => new Date();
  const wakeups = createWakeups({
    waking,
    onError: (err, worker) => log.warn({ err, worker }, 'a worker could not be woken; the stream will'),
  });
  const store = notifyOwnCommits(options.store, wakeups.committed);
  // Nobody watches here from the past, where it writes.
  const local = options.writes ? replicasOfNow(store) : createReplicas(store, { pageSize: Number.POSITIVE_INFINITY });
  const replicas = freshReplicas(local, () => performance.now());
  const definitions = loadDefinitions();
  const broker = createRelayBroker({ relays, queue, now: Date.now });
  const { reach, end } = reachOverRelays(broker);
  const callWebhook = createWebhookCaller({ ...lookups(store, replicas), random: Math.random, reach });
  const registry = createLazyRegistry({
    store,
    replicas,
    definitions,
    clock: now,
    serviceCIDR,
    clusterDomain,
    callWebhook,
    admission: [
      {
        types: [clusterType],
        load: async () => {
          const { clustersAdmission } = await import('../../../core/hosted/admission.ts');
          return [
            clustersAdmission({ most: settings.clusters.most, moreBy: '`cdk deploy -c clusters=N`', copies: false }),
          ];
        },
      },
    ],
  });
  const aggregation = lazyAggregation({
    registry,
    definitions,
    store,
    replicas: local,
    // A connection lasts as long as its request, and that may be a watch.
    reach: reachEndpoints({ connectPod: connectPods(broker) }),
    log,
    now,
  });
  const loading = options.writes ? Promise.all([registry.loadWrites(), loadWriteRoutes()]) : undefined;
  const [key] = await Promise.all([
    ensureSigningKey(store),
    onceABuild(store, settings.build, async (before) => {
      await groups.begin(groupedTypes, settings.build, before);
      const { makeFirstObjects } = await import('../../../core/registry/first-objects.ts');
      await makeFirstObjects({ store, registry, definitions, serviceCIDR, now });
      if (settings.clusters.most > 0) await defineClusters(registry, definitions);
    }),
    loading,
  ]);
  await wakeups.flush();
  const signingKeys = [key];
  const tokens = nodeTokens({ issuer, keys: () => signingKeys, now, ...storedNodes(store) });
  const configured = await configuredFrom(settings.authenticationConfig, { ownIssuer: issuer, now, log });
  const audited = await auditedBy(settings.auditPolicy);
  const api = await createApiServer({
    registry: pollWatches(registry, {
      replicas,
      quickMs: 100,
      slowMs: 1000,
      onError: (err) => log.warn({ err }, 'a watch could not look at the log'),
      onLag: options.meter.lagged,
    }),
    definitions,
    store,
    replicas,
    queue,
    heartbeats,
    groups,
    serviceAccounts: { issuer, keys: [key] },
    tokenAuthenticators: [
      tokens,
      iamTokens({
        clusterName,
        adminRoles: settings.adminRoles,
        workerRoles: settings.workerRoles,
        ask: askSts(env),
        now,
      }),
      ...(configured?.tokenAuthenticators ?? []),
    ],
    ...(settings.agentPrograms !== undefined && { installer: lazyInstaller(settings.agentPrograms, env, now) }),
    ...(configured && { anonymous: configured.anonymous }),
    ...(audited && { audit: audited.audit }),
    joining: lateJoining({ settings, tokens, queue, registry, definitions, store, env, now }),
    responders: [
      {
        serves: isForKubeconfig,
        async respond(exchange) {
          const { hostedKubeconfig } = await import('./hosted/kubeconfig.ts');
          return hostedKubeconfig({ settings, store, hosted: options.hosted, registry, now }).respond(exchange);
        },
      },
    ],
    followNodes: false,
    streams: createLazyStreamHandler(async () => {
      const { createRelayedStreams } = await import('../relay/relayed-streams.ts');
      const { channelUrl: url } = settings;
      return createRelayedStreams(
        broker,
        url === undefined ? undefined : { url, key: streamKey(key), queue, now: Date.now },
      );
    }),
    callWebhook,
    aggregation,
    relays,
    lasting: invocationShares({
      claims: options.claims,
      pool: 'invocations',
      atOnce: settings.concurrency,
      longestMs: longestInvocationMs,
      now: Date.now,
      onError: (err) => log.warn({ err }, 'a share could not be given back: it ends by itself'),
    }),
    watch: { bookmarkMs: 60_000, maxTimeoutMs: longestWatchMs },
    ...(settings.redirectsWatches && {
      watchElsewhere: redirectWatches({ definitions, replicas, key: watchTicketKey(key), now }),
    }),
    ...(settings.channelUrl !== undefined && { channel: channelAt(settings.channelUrl, key, now) }),
    log,
  });

  return {
    async handle(request) {
      // What an answer that was streamed has left: it stood still since.
      void end();
      try {
        const preparing = aggregation.prepare(request.path).catch((err: unknown) => {
          log.warn({ err }, 'the APIServices could not be looked at');
        });
        const looked = await replicas.freshen(settings.maxStalenessMs);
        await preparing;
        let response = await api.handle(request);
        // Permission may have been given a moment ago, by a request that another process answered.
        if (response.status === 403 && !looked && (await replicas.freshen(0))) response = await api.handle(request);
        return response;
      } finally {
        await Promise.all([wakeups.flush(), end()]);
      }
    },
    answered: () => audited?.lines.flush(),
  };
}

async function defineClusters(registry: Registry, definitions: Definitions): Promise<void> {
  const { ensureClusterDefinition } = await import('../../../core/hosted/ensure-definition.ts');
  await ensureClusterDefinition(registry, definitions);
}

function channelAt(url: string, signingKey: string, now: () => Date) {
  const sealing = ticketKey(signingKey);
  const until = () => Math.floor(now().getTime() / 1000) + ticketSeconds;
  return { url, ticketOf: (type: TypeName) => sealTicket({ type, until: until() }, sealing) };
}

async function configuredFrom(text: string | undefined, options: ConfiguredAuthenticationOptions) {
  if (text === undefined) return undefined;
  const { configuredAuthentication } = await import('../authentication/jwt/configured-authentication.ts');
  return configuredAuthentication(text, options);
}

/** Loaded when a machine asks, which is seldom. */
function lazyInstaller(programs: string, env: ServerlessOptions['env'], now: () => Date): Installer {
  let loading: Promise<Installer> | undefined;
  return async (segments) => {
    loading ??= import('./agent-programs.ts').then(({ s3Installer }) => s3Installer(programs, env, now));
    return (await loading)(segments);
  };
}
