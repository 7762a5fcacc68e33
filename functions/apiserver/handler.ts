// The API server as one function from request to response: who asks, may they, which route answers, what is counted and logged.
// I/O comes in through the options; node:http2 (serve.ts) and Lambda are adapters around `handle`.

import { randomUUID } from 'node:crypto';
import type { Definitions } from '../../core/api/definition.ts';
import type { Authorizer } from '../../core/authorization/authorizer.ts';
import { chain } from '../../core/authorization/chain.ts';
import { rbacAuthorizer } from '../../core/authorization/rbac.ts';
import { createRbacIndex } from '../../core/authorization/rbac-index.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import { type Status, StatusError } from '../../core/machinery/status.ts';
import type { Family } from '../../core/metrics/family.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { serveCustomResources } from '../../core/registry/custom-resources.ts';
import type { Registry, Target, UserInfo } from '../../core/registry/registry.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { Heartbeats } from '../../core/store/heartbeats.ts';
import type { Relays } from '../../core/store/relays.ts';
import type { Store } from '../../core/store/store.ts';
import type { Log } from '../../core/work/log.ts';
import { createAggregation } from './aggregation/aggregation.ts';
import type { FrontProxy } from './aggregation/options.ts';
import { refuseUnreached } from './aggregation/unreached.ts';
import type { Audit, AuditRecord } from './audit/audit.ts';
import { auditIDOf } from './audit/event.ts';
import {
  type AnonymousAccess,
  type Authenticator,
  createAuthenticator,
  type StaticToken,
  type TokenAuthenticator,
} from './authentication/authenticate.ts';
import { impersonate } from './authentication/impersonate.ts';
import { replicaLookup } from './authentication/lookup.ts';
import { type ServiceAccountOptions, serviceAccountTokens } from './authentication/service-account-tokens.ts';
import { agentAuthorizer, agentGroup } from './authorization/agent-authorizer.ts';
import { attributesOf, forbiddenStatus } from './authorization/attributes.ts';
import { createEscalationCheck, mayEscalate } from './authorization/escalation.ts';
import { nodeAuthorizer } from './authorization/node-authorizer.ts';
import { signerCheck } from './authorization/signer-permissions.ts';
import { loadCbor } from './content/cbor.ts';
import { ending, isStream } from './content/ending.ts';
import { type Form, negotiate } from './content/negotiate.ts';
import { loadProtobuf, withoutProtobuf } from './content/protobuf.ts';
import { compress, respondError } from './content/respond.ts';
import { loadYamlFor } from './content/yaml.ts';
import type { Flow, FlowControl, FlowControlOptions } from './flow-control/flow-control.ts';
import type { ApiRequest, ApiResponse, UpgradeConnection } from './http.ts';
import { createNodeEndpoints } from './node/endpoints.ts';
import { forgetRemovedNodes } from './node/forget-removed.ts';
import type { NodeJoining } from './node/joining.ts';
import { lazyNodeIndex } from './node/lazy-node-index.ts';
import { withNodeLeases } from './node/node-leases.ts';
import { createNotifier, silentNotifier } from './node/notifier.ts';
import { createPodStreams } from './pod-streams.ts';
import { createProxy } from './proxy/proxy.ts';
import { isTrue, parseQuery, parseRequestInfo, type RequestInfo } from './request-info.ts';
import { deprecationOf } from './resources/deprecation.ts';
import type { Exchange } from './resources/exchange.ts';
import { answerResource, noSuchResource, targetOf } from './resources/routes.ts';
import { defaultWatchLimits, type WatchLimits } from './resources/watch.ts';
import { createReviews } from './reviews/reviews.ts';
import type { StreamHandler } from './streams-contract.ts';
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
  readonly serviceAccounts: ServiceAccountOptions;
  /** Such as the admin's. */
  readonly staticTokens?: readonly StaticToken[];
  /** Other bearer tokens, asked in this order. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** How new nodes join and get their credentials. Without it they bring a certificate. */
  readonly joining?: NodeJoining;
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
  /** Priority and fairness with so many seats. Without it every request runs at once: where one process answers one at a time. */
  readonly flowControl?: Pick<FlowControlOptions, 'seats' | 'maxWaitMs'>;
  /** Who this API server is to extension API servers. Without it APIServices with a Service are stored and lead nowhere. */
  readonly frontProxy?: FrontProxy;
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

const customResourceType = 'apiextensions.k8s.io/customresourcedefinitions';

const plainForm: Form = { encoding: 'json', pretty: false };

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
  const { frontProxy } = options;
  const follow = options.followNodes ?? true;
  const nodes = lazyNodeIndex(replicas);
  const [rbac, followed, stopCustomResources, aggregation] = await Promise.all([
    createRbacIndex(replicas),
    follow ? nodes.open() : undefined,
    serveCustomResources({
      registry,
      replicas,
      definitions,
      onError: (err) => options.log?.error({ err }, 'could not end a custom resource'),
    }),
    frontProxy && createAggregation({ ...options, frontProxy, now }),
  ]);
  const authorizer = chain([agentAuthorizer, nodeAuthorizer(nodes.open), rbacAuthorizer(rbac)]);
  const checkEscalation = createEscalationCheck(rbac, authorizer, registry);
  const notifier = followed ? createNotifier({ nodes: followed, queue, log: options.log }) : silentNotifier;
  const stopForgetting =
    followed && forgetRemovedNodes({ nodes: followed, queue, heartbeats: options.heartbeats, log: options.log });
  const metrics = createRequestMetrics(definitions);
  let shuttingDown = false;
  const flowControl =
    options.flowControl && (await startFlowControl({ ...options.flowControl, replicas, definitions }));
  const nodeEndpoints = createNodeEndpoints({ ...options, openNodes: nodes.open, notifier, now });
  const reviews = createReviews({ authenticator, authorizer, rbac, tokens, registry, definitions, now });
  const podStreams = createPodStreams({ registry, definitions, authorizer, streams: options.streams });
  const proxy = createProxy({ registry, definitions, streams: options.streams, random: Math.random });
  const checked = { store: options.store, rbac, isShuttingDown: () => shuttingDown };
  const system = createSystemRoutes({ ...options, tokens, metrics, flowControl, aggregation, checked });
  const routes = {
    registry: withNodeLeases(registry, options.heartbeats),
    definitions,
    watch: { ...defaultWatchLimits, ...options.watch },
    watchMeter: metrics.watchOf,
    now,
    guards: {
      async mayCreate({ context, info }: Exchange) {
        await authorize(authorizer, context.user, { ...info, verb: 'create' });
      },
      async mayDeleteUnreadable({ context, info }: Exchange) {
        await authorize(authorizer, context.user, { ...info, verb: 'unsafe-delete-ignore-read-errors' });
      },
      escalation: ({ context }: Exchange, target: Target) =>
        mayEscalate(target, context)
          ? (object: KubeObject) => checkEscalation(context, target, object)
          : signerCheck(registry, authorizer, context, target),
    },
  };

  const answer = async (exchange: Exchange): Promise<ApiResponse> => {
    const { info } = exchange;
    const elsewhere = aggregation?.respond(exchange);
    if (elsewhere) return elsewhere;
    if (!info.isResource) return system.answer(exchange);
    if (info.group === agentGroup) return nodeEndpoints.answer(exchange);
    const usage = nodeEndpoints.metrics(exchange);
    if (usage) return usage;
    if (podStreams.serves(info)) return podStreams.respond(exchange);
    if (proxy.serves(info)) return proxy.respond(exchange);
    // A custom resource may have been defined by another process a moment ago.
    if (!definitions.find(info.group, info.version, info.resource)) {
      await replicas.peek(customResourceType)?.catchUp();
      if (!aggregation && !definitions.find(info.group, info.version, info.resource))
        await refuseUnreached(options.store, info);
    }
    const target = targetOf(definitions, info);
    const deprecation = deprecationOf(target.definition);
    if (deprecation) {
      metrics.deprecated(target.definition, info.subresource);
      exchange.context.warnings.push(deprecation);
      if (exchange.context.audit) exchange.context.audit['k8s.io/deprecated'] = 'true';
    }
    const { form } = exchange;
    // Of custom resources only the metadata has a protobuf form.
    if (form.encoding === 'protobuf' && target.definition.customResource !== undefined && form.transform === undefined)
      return answerResource(routes, { ...exchange, form: withoutProtobuf(form) }, target);
    return reviews.answer(exchange, target) ?? answerResource(routes, exchange, target);
  };

  /** In our metrics: what lasts by nature when it ends, all else at once. */
  const count = (
    request: ApiRequest,
    info: RequestInfo,
    response: ApiResponse | undefined,
    code: number,
    seconds: number,
    waited: number,
    connection: UpgradeConnection | undefined,
  ): ApiResponse | undefined => {
    const series = metrics.seriesOf(info, request, code);
    if (response && !isStream(response)) {
      const { body, bytes = body instanceof Uint8Array ? body.length : 0 } = response;
      metrics.answered(series, code, info.segments[0] === 'queues' ? undefined : seconds, waited, bytes);
      return response;
    }
    const began = performance.now();
    series.lasting += 1;
    const end = () => {
      series.lasting -= 1;
      metrics.answered(series, code, seconds + (performance.now() - began) / 1000, waited, 0);
    };
    if (response) return { ...response, body: ending(response.body, end) };
    connection?.socket.once('close', end);
    return undefined;
  };

  /** Everything before a route, around it, and after it. */
  const run = async (
    request: ApiRequest,
    route: (exchange: Exchange) => Promise<ApiResponse | undefined>,
    connection?: UpgradeConnection,
  ): Promise<ApiResponse | undefined> => {
    const started = performance.now();
    const auditID = auditIDOf(request, randomUUID);
    const receivedAt = options.audit ? Date.now() : 0;
    const warnings: string[] = [];
    let form = plainForm;
    let info: RequestInfo | undefined;
    let user: UserInfo | undefined;
    let audit: AuditRecord | undefined;
    let failure: Status | undefined;
    let broken = false;
    let flow: Flow | undefined;
    let seated = false;
    let counted: string | undefined;
    let waited = 0;
    const webhooks = { seconds: 0 };
    let response: ApiResponse | undefined;
    try {
      const query = parseQuery(request.query);
      info = parseRequestInfo(request.method, request.path, query);
      if (!isLong(info)) {
        counted = info.verb;
        metrics.running(counted, 1);
      }
      user = await authenticator.authenticate(request);
      metrics.authenticated('success', (performance.now() - started) / 1000, user.username);
      audit = options.audit?.begin(request, { auditID, receivedAt, info, user });
      const acting = await impersonate(request, user, authorizer);
      if (acting !== user) audit?.impersonates(acting);
      user = acting;
      if (flowControl && takesSeat(info)) {
        flow = flowControl.classify(user, info, query);
        const wait = flow.enter(() => request.signal);
        if (wait) {
          const since = performance.now();
          await wait.finally(() => {
            waited = (performance.now() - since) / 1000;
          });
        }
        seated = true;
      }
      await authorize(authorizer, user, info, audit?.annotations);
      const asked = info.isResource ? negotiate(request, query) : { ...plainForm, pretty: isTrue(query, 'pretty') };
      // What fails before its encoder is there is told in JSON.
      if (asked.encoding === 'protobuf') await loadProtobuf();
      if (asked.encoding === 'cbor' || asked.fallback?.encoding === 'cbor') await loadCbor();
      if (asked.encoding !== 'json') await loadYamlFor(asked);
      form = asked;
      const context = {
        user,
        warnings,
        audit: audit?.annotations,
        authorizer,
        webhooks,
        get signal() {
          return request.signal;
        },
      };
      // A property that is there and undefined is as good as absent to whoever reads `signal`.
      const seen = audit ? await audit.readRequest() : request;
      response = await route({ request: seen, info, query, form, context } as Exchange);
    } catch (error) {
      const told = asStatus(error, options.log, auditID);
      failure = told.status;
      broken = told !== error;
      response = respondError(told, form);
      // Of somebody who could not be found out.
      if (info && !user) {
        const claimed = request.peer !== undefined || request.headers['authorization'] !== undefined;
        metrics.authenticated(claimed ? 'error' : 'failure', (performance.now() - started) / 1000);
        audit = options.audit?.begin(request, { auditID, receivedAt, info, user });
      }
    } finally {
      // A watch that has begun waits for events without a seat.
      if (seated) flow?.leave();
      if (counted !== undefined) metrics.running(counted, -1);
    }
    const code = response?.status ?? 101;
    const elapsed = (performance.now() - started) / 1000;
    if (info) response = count(request, info, response, code, elapsed, waited + webhooks.seconds, connection);
    if (audit) {
      response = await audit.finish(response, failure, broken);
      if (!response) connection?.socket.once('close', audit.closed);
    }
    if (options.log?.isLevelEnabled('debug'))
      options.log.debug(
        {
          auditID,
          method: request.method,
          path: request.path,
          query: request.query,
          user: user?.username,
          code,
          ms: Math.round(elapsed * 1e6) / 1000,
        },
        'request',
      );
    if (!response) return undefined;
    response.headers['audit-id'] = auditID;
    flow?.stamp(response.headers);
    if (warnings.length > 0) response.headers['warning'] = warnings.map(warningHeader);
    return response;
  };

  return {
    authenticator,
    authorizer,
    async handle(request) {
      const response = await run(request, answer);
      // `answer` always gives a response; undefined is for upgrades.
      return compress(request, response ?? respondError(noSuchResource(), plainForm));
    },
    upgrade(request, connection) {
      return run(
        request,
        async (exchange) => {
          if (exchange.info.group === agentGroup) return nodeEndpoints.accept(exchange, connection);
          const elsewhere = aggregation?.upgrade(exchange, connection);
          if (elsewhere) return elsewhere;
          if (podStreams.serves(exchange.info)) return podStreams.upgrade(exchange, connection);
          if (proxy.serves(exchange.info)) return proxy.upgrade(exchange, connection);
          throw new StatusError(
            'BadRequest',
            'this path does not take upgrade requests: send it without the Upgrade header',
          );
        },
        connection,
      );
    },
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

const longSubresources = new Set(['attach', 'exec', 'log', 'portforward', 'proxy', 'streams']);

/** Whether it lasts by nature: streams, and the long polls of queues. */
function isLong({ verb, segments, subresource }: RequestInfo): boolean {
  return verb === 'watch' || longSubresources.has(subresource) || segments[0] === 'queues';
}

/** A watch takes a seat until it has begun. */
function takesSeat(info: RequestInfo): boolean {
  return info.verb === 'watch' || !isLong(info);
}

/** Loaded where it is asked for. */
async function startFlowControl(options: FlowControlOptions): Promise<FlowControl> {
  const { createFlowControl } = await import('./flow-control/flow-control.ts');
  return createFlowControl(options);
}

/** Throws Forbidden. The decision stands in `annotations`, where an audit log wants to know it. */
async function authorize(
  authorizer: Authorizer,
  user: UserInfo,
  info: RequestInfo,
  annotations?: Record<string, string>,
): Promise<void> {
  const attributes = attributesOf(user, info);
  const decision = await authorizer.authorize(attributes);
  if (annotations) {
    annotations['authorization.k8s.io/decision'] = decision.effect === 'allow' ? 'allow' : 'forbid';
    annotations['authorization.k8s.io/reason'] = decision.reason;
  }
  if (decision.effect !== 'allow') throw forbiddenStatus(attributes, decision.reason);
}

/** What the client is told of a failure. One that is not a StatusError is ours, and is logged. */
function asStatus(error: unknown, log: Log | undefined, auditID: string): StatusError {
  if (error instanceof StatusError) return error;
  log?.error({ err: error, auditID }, 'a request failed inside the API server');
  return new StatusError(
    'InternalError',
    `an error on the server has prevented the request from succeeding (audit id ${auditID})`,
  );
}

/** RFC 7234, section 5.5: code 299, no agent, quoted text. */
function warningHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters may not stand in a header.
  const clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').replace(/[\\"]/g, (each) => `\\${each}`);
  // Header values are Latin-1 on the wire; what is not ASCII is sent as UTF-8 bytes, which clients decode.
  return `299 - "${Buffer.from(clean, 'utf8').toString('latin1')}"`;
}
