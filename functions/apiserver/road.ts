// What every request passes before its route, around it and after it: who asks, as whom, when it is its turn, may they, in which form they
// want the answer; and what is counted, written down and logged of it.

import { randomUUID } from 'node:crypto';
import type { Authorizer } from '../../core/authorization/authorizer.ts';
import type { UserInfo } from '../../core/authorization/user-info.ts';
import { type Status, StatusError } from '../../core/machinery/status.ts';
import type { RequestContext } from '../../core/registry/registry.ts';
import type { Log } from '../../core/work/log.ts';
import type { Audit, AuditRecord } from './audit/audit.ts';
import { auditIDOf } from './audit/event.ts';
import type { Authenticator } from './authentication/authenticate.ts';
import { impersonate } from './authentication/impersonate.ts';
import { anonymous } from './authentication/users.ts';
import { authorize } from './authorization/attributes.ts';
import { freeBytes, type Room, readBody } from './content/body.ts';
import { bodyLimit } from './content/body-limits.ts';
import { loadCbor } from './content/cbor.ts';
import { ending, isStream } from './content/ending.ts';
import { asksPretty, negotiate, plainForm } from './content/negotiate.ts';
import { loadProtobuf } from './content/protobuf.ts';
import { respondError } from './content/respond.ts';
import { warningHeaders } from './content/warnings.ts';
import { loadYamlFor } from './content/yaml.ts';
import type { Flow, FlowControl } from './flow-control/flow-control.ts';
import type { ApiRequest, ApiResponse, UpgradeConnection } from './http.ts';
import { parseQuery, Query } from './query.ts';
import {
  demandMethodOfVerb,
  lastsByNature,
  parseRequestInfo,
  type RequestInfo,
  unreadableRequestInfo,
} from './request-info.ts';
import type { Exchange } from './resources/exchange.ts';
import { createShares } from './shares.ts';
import type { RequestMetrics } from './system/request-metrics.ts';

export interface RoadOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly flowControl: FlowControl | undefined;
  readonly metrics: RequestMetrics;
  /** Requests are logged at `debug`, failures of ours at `error`. */
  readonly log?: Log;
  readonly audit?: Audit;
  /** Whether another server answers, which gets the body as it comes. */
  readonly answeredElsewhere?: (info: RequestInfo) => boolean;
}

/** Never rejects. undefined: the route took `connection` over. */
export type Road = (
  request: ApiRequest,
  route: (exchange: Exchange) => Promise<ApiResponse | undefined>,
  connection?: UpgradeConnection,
) => Promise<ApiResponse | undefined>;

export function createRoad(options: RoadOptions): Road {
  const { authenticator, authorizer, flowControl, metrics, answeredElsewhere } = options;
  const bodies = createShares(maxWaitingBytes);

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
    if (connection) whenClosed(connection, end);
    return undefined;
  };

  return async (request, route, connection) => {
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
    let webhooks = noWebhooks;
    let bodyBytes = 0;
    let response: ApiResponse | undefined;
    try {
      const parameters = parseQuery(request.query);
      info = parseRequestInfo(request.method, request.path, parameters);
      const query = new Query(parameters);
      if (lastsByNature(info)) request.lasting = true;
      else {
        counted = info.verb;
        metrics.running(counted, 1);
      }
      if (request.peer) metrics.certified(request.peer.notAfter);
      user = await authenticator.authenticate(request);
      metrics.authenticated('success', (performance.now() - started) / 1000, user.username);
      audit = options.audit?.begin(request, { auditID, receivedAt, info, user });
      const acting = await impersonate(request, user, authorizer);
      if (acting !== user) audit?.impersonates(acting);
      user = acting;
      if (flowControl && takesSeat(info)) flow = flowControl.classify(user, info, query);
      // A seat is for who works, not for who waits for a client: its body is there before. And nobody's is read who may do nothing with it.
      const readsBody = request.body !== undefined && !request.lasting && !answeredElsewhere?.(info);
      if (readsBody) {
        await authorize(authorizer, user, info, audit?.annotations);
        const { username } = user;
        const room: Room = (bytes) => {
          if (!bodies.take(username, bytes)) throw tooManyBytes();
          bodyBytes += bytes;
        };
        const small = Number(request.headers['content-length']) <= freeBytes;
        await readBody(request, bodyLimit(info), small ? undefined : room);
      }
      if (flow) {
        const wait = flow.enter(() => request.signal);
        if (wait) {
          const since = performance.now();
          await wait.finally(() => {
            waited = (performance.now() - since) / 1000;
          });
        }
        seated = true;
      }
      if (!readsBody) await authorize(authorizer, user, info, audit?.annotations);
      demandMethodOfVerb(info);
      const asked = info.isResource ? negotiate(request, query) : { ...plainForm, pretty: asksPretty(query) ?? false };
      // What fails before its encoder is there is told in JSON.
      if (asked.encoding === 'protobuf') await loadProtobuf();
      if (asked.encoding === 'cbor' || asked.fallback?.encoding === 'cbor') await loadCbor();
      if (asked.encoding !== 'json') await loadYamlFor(asked);
      form = asked;
      const context = new RequestOnTheRoad(request, user, authorizer, warnings, audit?.annotations);
      webhooks = context.webhooks;
      if (audit) await audit.readRequest();
      response = await route({ request, info, query, form, context });
    } catch (error) {
      const told = asStatus(error, options.log, auditID);
      failure = told.status;
      broken = told !== error;
      response = respondError(told, form);
      // Of somebody who could not be found out, or was not asked for since the request cannot be read.
      if (!user) {
        const claimed = request.peer !== undefined || request.headers['authorization'] !== undefined;
        if (info) metrics.authenticated(claimed ? 'error' : 'failure', (performance.now() - started) / 1000);
        // What broke before that was no request of HTTP: there is nothing to read in it either.
        if (!broken) info ??= unreadableRequestInfo(request.method, request.path);
        if (info) audit = options.audit?.begin(request, { auditID, receivedAt, info, user });
      }
    } finally {
      // A watch that has begun waits for events without a seat.
      if (seated) flow?.leave();
      if (bodyBytes > 0 && user) bodies.release(user.username, bodyBytes);
      if (counted !== undefined) metrics.running(counted, -1);
    }
    const code = response?.status ?? 101;
    const elapsed = (performance.now() - started) / 1000;
    if (info) response = count(request, info, response, code, elapsed, waited + webhooks.seconds, connection);
    if (audit) {
      response = await audit.finish(response, failure, broken);
      if (!response && connection) whenClosed(connection, audit.closed);
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
    // As Kubernetes: who has no name gets one request a connection where connections are shared by many (UnauthenticatedHTTP2DOSMitigation).
    if (!user || user.username === anonymous.username) response.headers['connection'] = 'close';
    flow?.stamp(response.headers);
    if (warnings.length > 0) response.headers['warning'] = warningHeaders(warnings);
    return response;
  };
}

const noWebhooks = { seconds: 0 };

/** Of bodies that are still on their way, or whose requests wait or run. */
const maxWaitingBytes = 256 * 1024 * 1024;

function tooManyBytes(): StatusError {
  return new StatusError(
    'TooManyRequests',
    'Too many requests, please try again later: those that you sent and that are not answered yet have too large bodies together.',
    { retryAfterSeconds: 1 },
  );
}

/** The context that a route gets. A class, for the same reason as ServedRequest. */
class RequestOnTheRoad implements RequestContext {
  readonly user: UserInfo;
  readonly warnings: string[];
  readonly authorizer: Authorizer;
  readonly audit: Record<string, string> | undefined;
  readonly webhooks = { seconds: 0 };
  private readonly request: ApiRequest;

  constructor(
    request: ApiRequest,
    user: UserInfo,
    authorizer: Authorizer,
    warnings: string[],
    audit: Record<string, string> | undefined,
  ) {
    this.request = request;
    this.user = user;
    this.authorizer = authorizer;
    this.warnings = warnings;
    this.audit = audit;
  }

  get signal(): AbortSignal | undefined {
    return this.request.signal;
  }
}

/** Also when that was before: a client may leave while its request is still on the road, and nothing says so a second time. */
function whenClosed({ socket }: UpgradeConnection, end: () => void): void {
  if (socket.destroyed) end();
  else socket.once('close', end);
}

/** A watch takes a seat until it has begun. */
function takesSeat(info: RequestInfo): boolean {
  return info.verb === 'watch' || !lastsByNature(info);
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
