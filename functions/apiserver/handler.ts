// The API server as one function from request to response: its parts put together, and which of them answers. What every request passes
// is request-pipeline.ts. I/O comes in through the options; node:http2 (serve.ts) and Lambda are adapters around `handle`.

import type { Definitions } from '../../core/api/definition.ts';
import type { Authorizer } from '../../core/authorization/authorizer.ts';
import { chain } from '../../core/authorization/chain.ts';
import { rbacAuthorizer } from '../../core/authorization/rbac.ts';
import { createRbacIndex } from '../../core/authorization/rbac-index.ts';
import { badRequest } from '../../core/machinery/status.ts';
import type { Family } from '../../core/metrics/family.ts';
import { agentGroup } from '../../core/node/protocol.ts';
import type { Log } from '../../core/process/log.ts';
import { createShares, type LongRunningShares } from '../../core/process/shares.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import { type Reach, reachEndpoints } from '../../core/registry/reach.ts';
import type { Registry } from '../../core/registry/registry.ts';
import type { WebhookCaller } from '../../core/registry/webhooks/caller.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { Groups } from '../../core/store/groups.ts';
import type { Heartbeats } from '../../core/store/heartbeats.ts';
import type { Relays } from '../../core/store/relays.ts';
import type { Store } from '../../core/store/store.ts';
import { type Aggregation, createAggregation } from './aggregation/aggregation.ts';
import type { FrontProxy } from './aggregation/connection.ts';
import type { Audit } from './audit/audit.ts';
import {
  type AnonymousAccess,
  type Authenticator,
  createAuthenticator,
  type StaticToken,
  type TokenAuthenticator,
} from './authentication/authenticate.ts';
import { replicaLookup } from './authentication/lookup.ts';
import { type ServiceAccountOptions, serviceAccountTokens } from './authentication/service-account-tokens.ts';
import { agentAuthorizer } from './authorization/agent-authorizer.ts';
import { nodeAuthorizer } from './authorization/node-authorizer.ts';
import { plainJson } from './content/negotiate.ts';
import { compress, respondError } from './content/respond.ts';
import type { FlowControl, FlowControlOptions } from './flow-control/flow-control.ts';
import { type ApiRequest, type ApiResponse, isWebSocket, type UpgradeConnection } from './http.ts';
import type { Installer } from './install/installer.ts';
import type { NodeJoining } from './node/joining.ts';
import { withNodeLeases } from './node/node-leases.ts';
import { createNodeStates } from './node/node-states.ts';
import type { Notifier } from './node/notifier.ts';
import { createUsage } from './node/usage.ts';
import type { OpenExchange } from './open-exchange.ts';
import type { RequestInfo } from './request-info.ts';
import { createRequestPipeline } from './request-pipeline.ts';
import { defaultWatchLimits, type FollowChannel, type WatchElsewhere, type WatchLimits } from './resources/route.ts';
import { checkScope, noSuchResource } from './resources/routes.ts';
import { lazyResponder, type Responder } from './responder.ts';
import { createReviews } from './reviews/reviews.ts';
import { createStoredResources } from './stored-resources.ts';
import { podStreamKinds, type StreamHandler } from './streams-contract.ts';
import type { HealthCheck } from './system/health.ts';
import { createRequestMetrics } from './system/request-metrics.ts';
import { createSystemRoutes } from './system/routes.ts';

export interface ApiServerOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly store: Store;
  readonly replicas: Replicas;
  readonly queue: Queue;
  readonly heartbeats: Heartbeats;
  /** What concerns a node is read by its group then, and not kept of all nodes. */
  readonly groups?: Groups;
  readonly serviceAccounts: ServiceAccountOptions;
  /** Such as the admin's. */
  readonly staticTokens?: readonly StaticToken[];
  /** Other bearer tokens, asked in this order. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** How new nodes join and get their credentials. Without it they bring a certificate. */
  readonly joining?: NodeJoining;
  /** What machines fetch to become nodes. */
  readonly installer?: Installer;
  /**
   * Whether this process acts on what it sees of nodes: wakes them after changes, forgets what is kept of removed ones. Default true;
   * false where a function of its own does.
   */
  readonly followNodes?: boolean;
  /** Default true, as in Kubernetes: authorization then decides. */
  readonly anonymous?: AnonymousAccess;
  /** Without it exec, attach, port-forward and logs answer 501. */
  readonly streams?: StreamHandler;
  /** Where agents post their streams, when they cannot dial in with a WebSocket. */
  readonly relays?: Relays;
  /** Requests are logged at `debug`, failures of ours at `error`. */
  readonly log?: Log;
  /** What is written down of requests. */
  readonly audit?: Audit;
  readonly watch?: Partial<WatchLimits>;
  /** Where who follows a watch hears that there is more. */
  readonly channel?: FollowChannel;
  /** Where watches are served, if not here. */
  readonly watchElsewhere?: WatchElsewhere;
  /** Shares of requests that last, where many processes answer them. */
  readonly lasting?: LongRunningShares;
  /** Priority and fairness with so many seats. Without it every request runs at once: where one process answers one at a time. */
  readonly flowControl?: Pick<FlowControlOptions, 'seats' | 'maxWaitMs'>;
  /** How endpoints of extension API servers are reached. Default: pods by their streams, all else at its address. */
  readonly reach?: Reach;
  /** Reaches conversion webhooks. Default: pods and Services at their own addresses. */
  readonly callWebhook?: WebhookCaller;
  /** Who this API server is to extension API servers. Without it and `aggregation` APIServices with a Service are stored and lead nowhere. */
  readonly frontProxy?: FrontProxy;
  /** Where it is another than what `frontProxy` makes. */
  readonly aggregation?: Aggregation;
  /** What else this process answers: asked before our own. */
  readonly responders?: readonly Responder[];
  /** Checks beside our own, and what else this process counts. */
  readonly checks?: readonly HealthCheck[];
  readonly moreMetrics?: () => Promise<readonly Family[]>;
  readonly now?: () => Date;
}

export interface ApiServer {
  /** Never rejects. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** For requests that leave HTTP. Resolves with a response when it refuses; else it has taken the connection over. Never rejects. */
  upgrade(request: ApiRequest, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** From now on /readyz fails, so that nobody sends new requests here. Those that come are answered. */
  beginShutdown(): void;
  /** Stops the notifier and the indexes. The store, the replicas and the queue stay open: they are the caller's. */
  close(): void;
}

/** Resolves when the replicas that authorization reads have caught up once. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { registry, definitions, replicas, queue } = options;
  const now = options.now ?? (() => new Date());
  const lookup = replicaLookup(replicas);
  const tokens = serviceAccountTokens(options.serviceAccounts, lookup, now);
  const authenticator = createAuthenticator({
    serviceAccounts: tokens,
    staticTokens: options.staticTokens ?? [],
    others: options.tokenAuthenticators ?? [],
    anonymous: options.anonymous ?? { enabled: true },
    lookup,
    now,
  });
  const { frontProxy, reach = reachEndpoints({ connectPod: options.streams?.connect }) } = options;
  const follow = options.followNodes ?? true;
  const nodes = createNodeStates(options);
  const [rbac, followed, stopCustomResources, aggregation] = await Promise.all([
    createRbacIndex(replicas),
    follow ? nodes.open() : undefined,
    serveCustomResources({
      registry,
      replicas,
      definitions,
      ...(options.callWebhook && { callWebhook: options.callWebhook }),
      onError: (err) => options.log?.error({ err }, 'could not end a custom resource'),
    }),
    options.aggregation ?? (frontProxy && createAggregation({ ...options, frontProxy, reach, now })),
  ]);
  const authorizer = chain([agentAuthorizer, nodeAuthorizer(nodes.factsOf, lookup), rbacAuthorizer(rbac)]);
  const acting = followed && { ...(await import('./node/follow-nodes.ts')), nodes: followed };
  const notifier = acting?.createNotifier({ nodes: acting.nodes, queue, log: options.log }) ?? silentNotifier;
  const { heartbeats, log } = options;
  const stopForgetting = acting?.forgetRemovedNodes({ nodes: acting.nodes, queue, heartbeats, log });
  const metrics = createRequestMetrics(definitions);
  let shuttingDown = false;
  const flowControl =
    options.flowControl && (await startFlowControl({ ...options.flowControl, replicas, definitions }));
  const reviews = createReviews({ authenticator, authorizer, rbac, tokens, registry, definitions, now });
  const checked = { store: options.store, rbac, isShuttingDown: () => shuttingDown };
  const watch = { ...defaultWatchLimits, ...options.watch };
  const routes = {
    registry: withNodeLeases(registry, options.heartbeats),
    definitions,
    watch,
    watches: createShares(watch.atOnce),
    watchMeter: metrics.watchOf,
    channel: options.channel,
    watchElsewhere: options.watchElsewhere,
    now,
    past: { store: options.store, replicas, definitions, clock: now },
  };

  const run = createRequestPipeline({
    ...options,
    authenticator,
    authorizer,
    flowControl,
    metrics,
    ...(aggregation && { answeredElsewhere: aggregation.serves }),
  });

  const stored = createStoredResources({ ...options, routes, reviews, metrics });
  /** Who answers what: the first of them that serves a request. */
  const responders: readonly Responder[] = [
    ...(options.responders ?? []),
    lazyResponder(isForAgents, async () => {
      const { createNodeEndpoints } = await import('./node/endpoints.ts');
      return createNodeEndpoints({ ...options, states: nodes, notifier, now });
    }),
    ...(aggregation ? [aggregation] : []),
    createSystemRoutes({ ...options, tokens, metrics, flowControl, aggregation, checked }),
    createUsage({ ...options, now }),
    lazyResponder(isPodStream, async () => {
      const { createPodStreams } = await import('./pod-streams.ts');
      return createPodStreams({ registry, authorizer, streams: options.streams });
    }),
    lazyResponder(isProxied, async () => {
      const { createProxy } = await import('./proxy/proxy.ts');
      return createProxy({ registry, definitions, streams: options.streams, random: Math.random });
    }),
    stored,
  ];

  const responderOf = (exchange: OpenExchange): Responder => {
    const { info } = exchange;
    if (info.isResource && !aggregation?.serves(info) && !isForAgents(info)) {
      const definition = definitions.find(info.group, info.version, info.resource);
      // Of which scope it is, is not known: it may be in no namespace, where rights in one are none. Nobody else is to serve it, such as by
      // its group alone; what stores resources looks whether it was defined a moment ago.
      if (!definition) return stored;
      exchange.definition = definition;
      checkScope(definition, info);
    }
    for (const each of responders) if (each.serves(info)) return each;
    throw noSuchResource();
  };
  const respond = (exchange: OpenExchange) => responderOf(exchange).respond(exchange);
  const upgrade = async (exchange: OpenExchange, connection: UpgradeConnection) => {
    if (isWebSocket(exchange.request) && exchange.info.method !== 'GET')
      throw badRequest('a WebSocket handshake is a GET request (RFC 6455, section 4.1)');
    const responder = responderOf(exchange);
    if (responder.upgrade) return responder.upgrade(exchange, connection);
    throw badRequest('this path does not take upgrade requests: send it without the Upgrade header');
  };

  return {
    authenticator,
    authorizer,
    async handle(request) {
      const response = await run(request, respond);
      // Who responds always gives a response; undefined is for upgrades.
      return compress(request, response ?? respondError(noSuchResource(), plainJson));
    },
    upgrade: (request, connection) => run(request, (exchange) => upgrade(exchange, connection), connection),
    beginShutdown() {
      shuttingDown = true;
    },
    close() {
      notifier.close();
      stopForgetting?.();
      stopCustomResources();
      aggregation?.close();
      flowControl?.close();
      nodes.close();
      rbac.close();
    },
  };
}

/** For a process that wakes nobody. */
const silentNotifier: Notifier = { fetching: () => {}, wake: () => {}, close: () => {} };

function isForAgents({ isResource, group }: RequestInfo): boolean {
  return isResource && group === agentGroup;
}

function isPodStream({ group, version, resource, subresource }: RequestInfo): boolean {
  return group === '' && version === 'v1' && resource === 'pods' && podStreamKinds.has(subresource);
}

const proxied: ReadonlySet<string> = new Set(['pods', 'services', 'nodes']);

function isProxied({ group, version, resource, subresource }: RequestInfo): boolean {
  return subresource === 'proxy' && group === '' && version === 'v1' && proxied.has(resource);
}

/** Loaded where it is asked for. */
async function startFlowControl(options: FlowControlOptions): Promise<FlowControl> {
  const { createFlowControl } = await import('./flow-control/flow-control.ts');
  return createFlowControl(options);
}
