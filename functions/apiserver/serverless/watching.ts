// The function that plain watches are sent to: it executes what another one has authorized, and holds no more than the log that it follows.

import { customDefinitions } from '../../../core/api/custom.ts';
import type { Definitions } from '../../../core/api/definition.ts';
import { loadDefinitions } from '../../../core/api/definitions.ts';
import type { FunctionSettings } from '../../../core/cluster/settings.ts';
import { ensureSigningKey } from '../../../core/cluster/signing-key.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Log } from '../../../core/process/log.ts';
import { createShares } from '../../../core/process/shares.ts';
import { customResourceType } from '../../../core/registry/custom-resources.ts';
import { createLazyRegistry } from '../../../core/registry/lazy.ts';
import { prefixOf } from '../../../core/registry/target.ts';
import { openLogReplica } from '../../../core/replica/log-replica.ts';
import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { Claims } from '../../../core/store/claims.ts';
import { decodeObject } from '../../../core/store/encode-object.ts';
import type { Store, TypeName } from '../../../core/store/store.ts';
import type { Meter } from '../../../core/work/meter.ts';
import type { Audit, AuditRecord } from '../audit/audit.ts';
import { loadCbor } from '../content/cbor.ts';
import { ending, isStream } from '../content/ending.ts';
import { negotiate, plainJson } from '../content/negotiate.ts';
import { loadProtobuf } from '../content/protobuf.ts';
import { respondError } from '../content/respond.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';
import { parseQuery, Query } from '../query.ts';
import { parseRequestInfo, type RequestInfo } from '../request-info.ts';
import { watchOptions } from '../resources/query-options.ts';
import { targetOf } from '../resources/routes.ts';
import { watchRoute } from '../resources/watch.ts';
import { createRequestMetrics } from '../system/request-metrics.ts';
import { auditedBy } from './audited-by.ts';
import { invocationShares } from './invocation-shares.ts';
import { pollWatches } from './polled-watches.ts';
import { beginsWithState } from './redirected-watches.ts';
import { openWatch, type WatchTicket, watchPath, watchTicketKey } from './watch-ticket.ts';

export interface WatchingOptions {
  readonly settings: FunctionSettings;
  readonly store: Store;
  readonly claims: Claims;
  readonly log: Log;
  readonly meter: Meter;
}

const longestWatchMs = 14 * 60_000;
const longestInvocationMs = 15 * 60_000;
/** On audit events of what a watch that was redirected comes to. */
const redirectedAnnotation = 'zeroplane.dev/redirected-watch';
/** API Gateway ends a stream after five silent minutes. */
const keepAliveMs = 200_000;

export interface Watching {
  /** Answers a request of one of its paths. Never rejects. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** The whole answer was given, and the process may stand still from now on. */
  answered(): void;
}

export async function openWatching(options: WatchingOptions): Promise<Watching> {
  const { settings, store, claims, log } = options;
  const key = watchTicketKey(await ensureSigningKey(store));
  const definitions = loadDefinitions();
  const metrics = createRequestMetrics(definitions);
  const audited = await auditedBy(settings.auditPolicy);
  const shares = invocationShares({
    claims,
    pool: 'watches',
    atOnce: settings.watches,
    longestMs: longestInvocationMs,
    now: Date.now,
    onError: (err) => log.warn({ err }, 'a share could not be given back: it ends by itself'),
  });

  const answer = async (request: ApiRequest, { path, query: text, username }: WatchTicket): Promise<ApiResponse> => {
    const parameters = parseQuery(text);
    const info = parseRequestInfo('GET', path, parameters);
    if (info.verb !== 'watch') throw new StatusError('BadRequest', 'this path serves watches alone');
    const query = new Query(parameters);
    const mediaType = negotiate(request, query);
    if (mediaType.encoding === 'protobuf') await loadProtobuf();
    if (mediaType.encoding === 'cbor') await loadCbor();
    const served = await servedBy(info);
    const definition = served.find(info.group, info.version, info.resource);
    const target = targetOf(definition, info);
    const { sendInitialEvents, resourceVersion = '' } = watchOptions(info, query);
    const withState = beginsWithState(sendInitialEvents, resourceVersion);
    const replicas = logReplicas(store, { prefix: prefixOf(target), withState });
    const registry = pollWatches(
      createLazyRegistry({ ...settings, store, replicas, definitions: served, clock: now }),
      {
        replicas,
        quickMs: 100,
        slowMs: 1000,
        onError: (err) => log.warn({ err }, 'a watch could not look at the log'),
        onLag: options.meter.lagged,
      },
    );
    return watchRoute(
      {
        registry,
        definitions: served,
        watch: {
          bookmarkMs: 60_000,
          minTimeoutMs: longestWatchMs,
          maxTimeoutMs: longestWatchMs,
          atOnce: 4,
          keepAliveMs,
        },
        watchMeter: metrics.watchOf,
        watches: createShares(100),
        channel: undefined,
        past: { store, replicas, definitions: served, clock: now },
        now,
      },
      { request, info, query, mediaType, definition, context: { user: { username, groups: [] }, warnings: [] } },
      target,
    );
  };
  /** With what a CustomResourceDefinition defines as it is now, where that is asked for. */
  const servedBy = async ({ group, version, resource }: RequestInfo): Promise<Definitions> => {
    if (definitions.find(group, version, resource)) return definitions;
    const name = `${resource}.${group}`;
    const item = await store.get(customResourceType, name);
    if (!item) return definitions;
    const served = loadDefinitions();
    // as: what is stored as one is one.
    served.setCustom(name, customDefinitions(decodeObject(item.value) as Stored<typeof customResourceType>));
    return served;
  };

  /** The share of its user, for as long as it is answered. */
  const shared = async (request: ApiRequest, ticket: WatchTicket): Promise<ApiResponse> => {
    const release = await shares.take(ticket.username);
    if (!release) throw tooManyWatches();
    try {
      const response = await answer(request, ticket);
      if (isStream(response)) return { ...response, body: ending(response.body, release) };
      await release();
      return response;
    } catch (error) {
      await release();
      throw error;
    }
  };

  return {
    async handle(request) {
      const { authorization = '' } = request.headers;
      const ticket = openWatch(request.path.slice(watchPath.length), authorization, key, Date.now());
      if (!ticket) return respondError(notFromHere(), plainJson);
      const record = audited && recordOf(audited.audit, request, ticket);
      try {
        const response = await shared(request, ticket);
        return (await record?.finish(response, undefined, false)) ?? response;
      } catch (error) {
        const broken = !(error instanceof StatusError);
        if (broken) log.error({ err: error }, 'a watch failed');
        const status = broken
          ? new StatusError('InternalError', 'an error on the server has prevented the watch')
          : error;
        const response = respondError(status, plainJson);
        return (await record?.finish(response, status.status, broken)) ?? response;
      }
    },
    answered: () => audited?.lines.flush(),
  };
}

/** By the audit ID of the request that was sent here, and as if it went on: what it asked for, and not the ticket, which stands in its path. */
function recordOf(audit: Audit, request: ApiRequest, { path, query, trail }: WatchTicket): AuditRecord | undefined {
  if (!trail) return undefined;
  const { auditID, user, impersonated } = trail;
  const info = parseRequestInfo('GET', path, parseQuery(query));
  const record = audit.begin({ ...request, path, query }, { auditID, receivedAt: Date.now(), info, user });
  if (!record) return undefined;
  record.annotations[redirectedAnnotation] = 'true';
  if (impersonated) record.impersonates(impersonated);
  return record;
}

function now(): Date {
  return new Date();
}

/** Of one request. */
function logReplicas(store: Store, options: Parameters<typeof openLogReplica>[2]): Replicas {
  const opened = new Map<TypeName, Replica>();
  return {
    async of<T extends TypeName>(type: T) {
      const replica = opened.get(type) ?? (await openLogReplica(store, type, options));
      opened.set(type, replica);
      return replica as Replica<Stored<T>>; // as, twice: what is stored under a type is of that type.
    },
    peek: <T extends TypeName>(type: T) => opened.get(type) as Replica<Stored<T>> | undefined,
    keepOnly: () => undefined,
    close: () => undefined,
  };
}

function notFromHere(): StatusError {
  return new StatusError(
    'Unauthorized',
    'this is no path to begin with: ask for the watch at its own, with the same credentials, and follow the redirect at once',
  );
}

function tooManyWatches(): StatusError {
  return new StatusError(
    'TooManyRequests',
    'Too many requests, please try again later: you have as many watches open as one user may have beside the others. `zeroplane connect` serves any number.',
    { retryAfterSeconds: 10 },
  );
}
