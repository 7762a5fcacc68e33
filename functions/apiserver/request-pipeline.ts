// What every request passes: the stages before its route, one after the other, and what is counted, written down and logged once it is
// answered. Each is a function over the one value that a request is (open-exchange.ts).

import { randomUUID } from 'node:crypto';
import type { Authorizer } from '../../core/authorization/authorizer.ts';
import { followed } from '../../core/edge/follow.ts';
import { type Status, StatusError } from '../../core/machinery/status.ts';
import type { Log } from '../../core/process/log.ts';
import { createShares, type LongRunningShares } from '../../core/process/shares.ts';
import type { Audit } from './audit/audit.ts';
import { auditIDOf } from './audit/event.ts';
import type { Authenticator } from './authentication/authenticate.ts';
import { impersonate } from './authentication/impersonate.ts';
import { anonymous } from './authentication/users.ts';
import { authorize } from './authorization/attributes.ts';
import { freeBytes, type Room, readBody } from './content/body.ts';
import { bodyLimit } from './content/body-limits.ts';
import { loadCbor } from './content/cbor.ts';
import { ending, isStream } from './content/ending.ts';
import { asksPretty, type MediaTypeOptions, negotiate, plainJson, prettyJson } from './content/negotiate.ts';
import { loadProtobuf } from './content/protobuf.ts';
import { respondError } from './content/respond.ts';
import { warningHeaders } from './content/warnings.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import type { ApiRequest, ApiResponse, UpgradeConnection } from './http.ts';
import { nobody, OpenExchange } from './open-exchange.ts';
import { parseQuery, Query } from './query.ts';
import {
  demandMethodOfVerb,
  isLongRunning,
  parseRequestInfo,
  type RequestInfo,
  unreadableRequestInfo,
  unreadInfo,
} from './request-info.ts';
import type { RequestMetrics } from './system/request-metrics.ts';

export interface RequestPipelineOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly flowControl: FlowControl | undefined;
  readonly metrics: RequestMetrics;
  /** Requests are logged at `debug`, failures of ours at `error`. */
  readonly log?: Log;
  readonly audit?: Audit;
  /** Of requests that last. Without it only watches have shares, of this process (resources/watch.ts). */
  readonly lasting?: LongRunningShares;
  /** Whether another server answers, which gets the body as it comes. */
  readonly answeredElsewhere?: (info: RequestInfo) => boolean;
}

/** Never rejects. undefined: `handle` took `connection` over. */
export type RequestPipeline = (
  request: ApiRequest,
  handle: Handle,
  connection?: UpgradeConnection,
) => Promise<ApiResponse | undefined>;

/** The last stage: who answers. */
export type Handle = (exchange: OpenExchange) => Promise<ApiResponse | undefined>;

/** A promise only where there is something to wait for. Throws the failure that the client gets instead of an answer. */
type Stage = (exchange: OpenExchange) => Promise<void> | void;

export function createRequestPipeline(options: RequestPipelineOptions): RequestPipeline {
  const { authorizer, flowControl, metrics } = options;
  const bodies = createShares(maxWaitingBytes);
  const stages: readonly Stage[] = [
    readInfo(metrics),
    authenticate(options),
    impersonateUser,
    ...(flowControl ? [classify(flowControl)] : []),
    receiveBody(bodies, options.answeredElsewhere),
    takeSeats,
    authorizeUser,
    ...(options.lasting ? [takeShare(options.lasting)] : []),
    negotiateMediaType,
    ...(options.audit ? [auditRequest] : []),
  ];

  return async (request, handle, connection) => {
    const exchange = new OpenExchange(request, connection, authorizer, auditIDOf(request, randomUUID));
    let failure: Failure | undefined;
    let response: ApiResponse | undefined;
    try {
      for (const stage of stages) {
        const waiting = stage(exchange);
        if (waiting) await waiting;
      }
      response = await handle(exchange);
    } catch (error) {
      failure = fail(options, exchange, error);
      response = failure.response;
    } finally {
      // A watch that has begun waits for events without seats.
      if (exchange.seated) exchange.flow?.leave();
      if (exchange.bodyBytes > 0) bodies.release(exchange.user.username, exchange.bodyBytes);
      if (exchange.running) metrics.running(exchange.info.verb, -1);
    }
    const code = response?.status ?? 101;
    const seconds = (performance.now() - exchange.started) / 1000;
    response = count(metrics, exchange, response, code, seconds);
    if (exchange.release) response = await untilEnded(response, exchange.release);
    if (exchange.auditRecord) response = await auditAnswer(exchange, response, failure);
    if (options.log?.isLevelEnabled('debug')) logRequest(options.log, exchange, code, seconds);
    if (response) stamp(exchange, response.headers);
    return response;
  };
}

/** What is asked for. */
function readInfo(metrics: RequestMetrics): Stage {
  return (exchange) => {
    const { request } = exchange;
    const parameters = parseQuery(request.query);
    const info = parseRequestInfo(request.method, request.path, parameters);
    exchange.info = info;
    exchange.query = new Query(parameters);
    // A watch that follows ends at once.
    const follows = info.verb === 'watch' && followed(request.headers) !== undefined;
    if (isLongRunning(info) && !follows) request.longRunning = true;
    else {
      exchange.running = true;
      metrics.running(info.verb, 1);
    }
  };
}

/** Who sent it. */
function authenticate({ authenticator, metrics, audit }: RequestPipelineOptions): Stage {
  return (exchange) => {
    const { request, started } = exchange;
    if (request.peer) metrics.certified(request.peer.notAfter);
    const known = (user: OpenExchange['user']) => {
      exchange.user = user;
      metrics.authenticated('success', (performance.now() - started) / 1000, user.username);
      if (audit) beginAudit(audit, exchange);
    };
    const user = authenticator.authenticate(request);
    return user instanceof Promise ? user.then(known) : known(user);
  };
}

function beginAudit(audit: Audit, exchange: OpenExchange): void {
  const { request, auditID, started, info } = exchange;
  const user = exchange.user === nobody ? undefined : exchange.user;
  const receivedAt = Date.now() - (performance.now() - started);
  exchange.auditRecord = audit.begin(request, { auditID, receivedAt, info, user });
}

/** As whom. */
function impersonateUser(exchange: OpenExchange): Promise<void> | void {
  const acting = impersonate(exchange.request, exchange.user, exchange.authorizer);
  return acting?.then((user) => {
    exchange.auditRecord?.impersonates(user);
    exchange.impersonator = exchange.user.username;
    exchange.user = user;
  });
}

/** Which flow it belongs to. A watch takes seats until it has begun; what else is long running takes none. */
function classify(flowControl: FlowControl): Stage {
  return (exchange) => {
    const { info, request, user, query } = exchange;
    if (info.verb === 'watch' || !request.longRunning) exchange.flow = flowControl.classify(user, info, query);
  };
}

/** Seats are for who works, not for who waits for a client: its body is there before. And nobody's is read who may do nothing with it. */
function receiveBody(
  bodies: ReturnType<typeof createShares>,
  answeredElsewhere: RequestPipelineOptions['answeredElsewhere'],
): Stage {
  const receive = async (exchange: OpenExchange): Promise<void> => {
    const { request, info, user } = exchange;
    await authorizeUser(exchange);
    const small = Number(request.headers['content-length']) <= freeBytes;
    const room: Room = (bytes) => {
      if (!bodies.take(user.username, bytes)) throw tooManyBytes();
      exchange.bodyBytes += bytes;
    };
    await readBody(request, bodyLimit(info), small ? undefined : room);
  };
  return (exchange) => {
    const { request, info } = exchange;
    if (request.body !== undefined && !request.longRunning && !answeredElsewhere?.(info)) return receive(exchange);
  };
}

/** When it is its turn. */
function takeSeats(exchange: OpenExchange): Promise<void> | void {
  const { flow, request } = exchange;
  if (!flow) return;
  const wait = flow.enter(request);
  if (wait) return waitForSeats(exchange, wait);
  exchange.seated = true;
}

async function waitForSeats(exchange: OpenExchange, wait: Promise<void>): Promise<void> {
  const since = performance.now();
  try {
    await wait;
    exchange.seated = true;
  } finally {
    exchange.waitedSeconds = (performance.now() - since) / 1000;
  }
}

/** Whether they may. Once: who sends a body is asked before it is read. */
function authorizeUser(exchange: OpenExchange): Promise<void> | void {
  if (exchange.authorized) return;
  exchange.authorized = true;
  return authorize(exchange.authorizer, exchange.user, exchange.info, exchange.audit);
}

/** Whether it may last beside the others of its user. Agents' own are short here: they do not dial in. */
function takeShare(lasting: LongRunningShares): Stage {
  const take = async (exchange: OpenExchange): Promise<void> => {
    exchange.release = await lasting.take(exchange.user.username);
    if (!exchange.release) throw tooManyLasting();
  };
  return (exchange) => {
    const { request, info } = exchange;
    if (request.longRunning && info.subresource !== 'streams' && info.segments[0] !== 'queues') return take(exchange);
  };
}

async function untilEnded(
  response: ApiResponse | undefined,
  release: () => Promise<void>,
): Promise<ApiResponse | undefined> {
  if (response && isStream(response)) return { ...response, body: ending(response.body, release) };
  await release();
  return response;
}

/** In which media type they want the answer, and what encodes it. What fails before its encoder is there is answered in JSON. */
function negotiateMediaType(exchange: OpenExchange): Promise<void> | void {
  const { info, request, query } = exchange;
  demandMethodOfVerb(info);
  const asked = info.isResource ? negotiate(request, query) : asksPretty(query) === true ? prettyJson : plainJson;
  if (asked.encoding !== 'json') return loadEncoders(exchange, asked);
  exchange.mediaType = asked;
}

async function loadEncoders(exchange: OpenExchange, asked: MediaTypeOptions): Promise<void> {
  const { encoding, fallback } = asked;
  if (encoding === 'protobuf') await loadProtobuf();
  if (encoding === 'cbor' || fallback?.encoding === 'cbor') await loadCbor();
  exchange.mediaType = asked;
}

/** Where the policy wants the object of the request, it is read. */
function auditRequest({ auditRecord }: OpenExchange): Promise<void> | undefined {
  return auditRecord?.readRequest();
}

interface Failure {
  readonly status: Status;
  /** It is ours, and no answer to what was asked. */
  readonly broken: boolean;
  readonly response: ApiResponse;
}

/** The failure that the client gets. */
function fail({ log, metrics, audit }: RequestPipelineOptions, exchange: OpenExchange, error: unknown): Failure {
  const { request, auditID, started } = exchange;
  const failure = asStatus(error, log, auditID);
  const broken = failure !== error;
  // Of somebody who could not be found out, or was not asked for since the request cannot be read.
  if (exchange.user === nobody) {
    const claimed = request.peer !== undefined || request.headers['authorization'] !== undefined;
    if (exchange.info !== unreadInfo)
      metrics.authenticated(claimed ? 'error' : 'failure', (performance.now() - started) / 1000);
    // What broke before that was no request of HTTP: there is nothing to read in it either.
    else if (!broken) exchange.info = unreadableRequestInfo(request.method, request.path);
    if (audit && exchange.info !== unreadInfo) beginAudit(audit, exchange);
  }
  return { status: failure.status, broken, response: respondError(failure, exchange.mediaType) };
}

/** In our metrics: what is long running when it ends, all else at once. */
function count(
  metrics: RequestMetrics,
  exchange: OpenExchange,
  response: ApiResponse | undefined,
  code: number,
  seconds: number,
): ApiResponse | undefined {
  const { info, request, connection } = exchange;
  if (info === unreadInfo) return response;
  const series = metrics.seriesOf(info, request, code);
  const waited = exchange.waitedSeconds + exchange.webhooks.seconds;
  if (response && !isStream(response)) {
    const { body, bytes = body instanceof Uint8Array ? body.length : 0 } = response;
    metrics.answered(series, code, info.segments[0] === 'queues' ? undefined : seconds, waited, bytes);
    return response;
  }
  const began = performance.now();
  series.longRunning += 1;
  const end = () => {
    series.longRunning -= 1;
    metrics.answered(series, code, seconds + (performance.now() - began) / 1000, waited, 0);
  };
  if (response) return { ...response, body: ending(response.body, end) };
  if (connection) whenClosed(connection, end);
  return undefined;
}

async function auditAnswer(
  { auditRecord, connection }: OpenExchange,
  response: ApiResponse | undefined,
  failure: Failure | undefined,
): Promise<ApiResponse | undefined> {
  const audited = await auditRecord?.finish(response, failure?.status, failure?.broken ?? false);
  if (!audited && connection && auditRecord) whenClosed(connection, auditRecord.closed);
  return audited;
}

function logRequest(log: Log, { request, auditID, user }: OpenExchange, code: number, seconds: number): void {
  const { method, path, query } = request;
  const username = user === nobody ? undefined : user.username;
  log.debug({ auditID, method, path, query, user: username, code, ms: Math.round(seconds * 1e6) / 1000 }, 'request');
}

/** What every answer says beside what was asked for. */
function stamp({ auditID, user, flow, warnings }: OpenExchange, headers: ApiResponse['headers']): void {
  headers['audit-id'] = auditID;
  // As Kubernetes: who has no name gets one request a connection where connections are shared by many (UnauthenticatedHTTP2DOSMitigation).
  if (user === nobody || user.username === anonymous.username) headers['connection'] = 'close';
  flow?.stamp(headers);
  if (warnings.length > 0) headers['warning'] = warningHeaders(warnings);
}

/** Of bodies that are still on their way, or whose requests wait or run. */
const maxWaitingBytes = 256 * 1024 * 1024;

function tooManyBytes(): StatusError {
  return new StatusError(
    'TooManyRequests',
    'Too many requests, please try again later: those that you sent and that are not answered yet have too large bodies together.',
    { retryAfterSeconds: 1 },
  );
}

function tooManyLasting(): StatusError {
  return new StatusError(
    'TooManyRequests',
    'Too many requests, please try again later: you have as many watches, logs and proxied requests open as one user may have beside the others.',
    { retryAfterSeconds: 10 },
  );
}

/** Also when that was before: a client may leave while its request is still in a stage, and nothing says so a second time. */
function whenClosed({ socket }: UpgradeConnection, end: () => void): void {
  if (socket.destroyed) end();
  else socket.once('close', end);
}

/** What one request holds may be deeper, or handed on as more arguments, than there is room for: it is its sender's, and ends nothing else. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack size');
}

/** The Status that the client gets for a failure. One that is not a StatusError is ours, and is logged. */
function asStatus(error: unknown, log: Log | undefined, auditID: string): StatusError {
  if (error instanceof StatusError) return error;
  if (isStackOverflow(error)) {
    log?.warn({ err: error, auditID }, 'a request was too much for the stack');
    return new StatusError(
      'RequestEntityTooLarge',
      `the request has more in it, or nests it deeper, than can be worked on at once: send less (audit id ${auditID})`,
    );
  }
  log?.error({ err: error, auditID }, 'a request failed inside the API server');
  return new StatusError(
    'InternalError',
    `an error on the server has prevented the request from succeeding (audit id ${auditID})`,
  );
}
