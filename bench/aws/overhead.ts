// What entry point and middleware add to a warm invocation of each function: everything around the work itself, which does nothing here.

import { Writable } from 'node:stream';
import middy from '@middy/core';
import { createLog } from '../../core/process/log.ts';
import { changedTypes, type StreamEvent } from '../../core/store/dynamodb/changed-types.ts';
import { meterInvocations, workerMiddleware } from '../../core/work/invocation.ts';
import { createMeter } from '../../core/work/meter.ts';
import { createWakeups } from '../../core/work/wakeups.ts';
import { createWorkerFunction } from '../../core/work/worker-function.ts';
import type { Worker } from '../../core/work/workers.ts';
import { type GatewayEvent, toApiRequest } from '../../functions/apiserver/serverless/gateway-event.ts';
import { toBuffered, toStreamed } from '../../functions/apiserver/serverless/gateway-response.ts';
import { requestMiddleware } from '../../functions/apiserver/serverless/request-middleware.ts';
import type { FunctionName } from '../../infra/function-rows.ts';

export interface Overhead {
  readonly function: FunctionName;
  /** Processor time of an invocation, in microseconds; where answers are streamed, with Node.js' streams for one. */
  readonly 'entry point and middleware, µs': number;
  /** Around a handler that does nothing at all. */
  readonly 'of it middleware, µs': number;
}

type Invoke = () => Promise<unknown>;

const rounds = 5;
const invocations = 10_000;
const log = createLog('warn');
const nothing = async (): Promise<void> => {};
const wakes = {
  note: async () => false,
  begin: async () => 0,
  goOn: nothing,
  end: async () => undefined,
  stop: nothing,
  forget: nothing,
  wakeAt: nothing,
};
const waking = { wake: nothing, wakeAt: nothing, goOn: nothing };
// as: of Lambda's context, this is what is read.
const context = { awsRequestId: 'a', getRemainingTimeInMillis: () => 29_000 } as never;
const response = { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(2000, 'x') };
const request: GatewayEvent = {
  httpMethod: 'GET',
  path: '/api/v1/namespaces/default/pods',
  headers: {},
  multiValueHeaders: { accept: ['application/json'], authorization: ['Bearer x'], 'user-agent': ['kubectl'] },
  multiValueQueryStringParameters: { limit: ['500'] },
  body: null,
  requestContext: { requestId: 'a', identity: { sourceIp: '192.0.2.1' } },
};
const wakeup = {};
const change: StreamEvent = { Records: [{ eventName: 'INSERT', dynamodb: { Keys: { p: { S: 'log#pods#1' } } } }] };

export async function measureOverheads(): Promise<Overhead[]> {
  const streamed = await streaming();
  const answering = bare(requestMiddleware(meter(), log));
  const working = bare(workerMiddleware(meter(), log));
  const cases: [FunctionName, whole: Invoke, middleware: Invoke][] = [
    ['read', streamed, answering],
    ['write', buffered(), answering],
    ['node', streamed, answering],
    ['controllers', worker('controllers'), working],
    ['scheduler', worker('scheduler'), working],
    ['notifier', worker('notifier'), working],
    ['streamTrigger', streamTrigger(), bare([meterInvocations(meter())])],
  ];
  const overheads: Overhead[] = [];
  for (const [name, whole, middleware] of cases)
    overheads.push({
      function: name,
      'entry point and middleware, µs': await measure(whole),
      'of it middleware, µs': await measure(middleware),
    });
  return overheads;
}

/** What of it the meter takes, in microseconds. */
export function measureMeter(): Promise<number> {
  const counted = meter();
  return measure(async () => {
    counted.begin();
    counted.end();
  });
}

/** Bytes of the line that the meter writes once a minute. */
export function lineBytes(): number {
  const time = { now: 0 };
  let bytes = 0;
  const counted = createMeter({
    cluster: 'production',
    function: 'zeroplane-production-Controllers1A2B3C4D-0123456789AB',
    verbose: true,
    write: (line) => {
      bytes = Buffer.byteLength(line);
    },
    clock: () => time.now,
    uptime: () => time.now,
  });
  for (const ms of [12.5, 60_000]) {
    counted.begin();
    time.now += ms;
    counted.end();
  }
  return bytes;
}

/** As in a function: a line a minute. */
function meter() {
  const options = { cluster: 'bench', function: 'bench', verbose: true, write: () => {} };
  return createMeter({ ...options, clock: Date.now, uptime: () => performance.now() });
}

function bare(
  middleware: ReturnType<typeof workerMiddleware | typeof requestMiddleware> | [ReturnType<typeof meterInvocations>],
): Invoke {
  const handler = middy().use(middleware).handler(nothing);
  return () => handler(request, context);
}

async function streaming(): Promise<Invoke> {
  type Handler = (event: unknown, stream: Writable, context: never) => Promise<void>;
  // What Lambda's runtime gives to a function that streams.
  Object.assign(globalThis, {
    awslambda: {
      streamifyResponse: (handler: Handler) => handler,
      HttpResponseStream: { from: (stream: Writable) => stream },
    },
  });
  const { executionModeStreamifyResponse } = await import('@middy/core/StreamifyResponse');
  const counted = meter();
  const handler = middy({ executionMode: executionModeStreamifyResponse })
    .use(requestMiddleware(counted, log, { streams: true }))
    .handler(async (event) => {
      // as: the request above.
      toApiRequest(event as GatewayEvent, new AbortController().signal);
      return toStreamed(response, () => counted.end());
    }) as unknown as Handler; // as: streamifyResponse above gives it back as it is.
  return () => handler(request, new Writable({ write: (_chunk, _encoding, done) => done() }), context);
}

function buffered(): Invoke {
  const handler = middy()
    .use(requestMiddleware(meter(), log))
    .handler(async (event) => {
      // as: as above.
      toApiRequest(event as GatewayEvent, new AbortController().signal);
      return toBuffered(response);
    });
  return () => handler(request, context);
}

function worker(name: Worker): Invoke {
  const { answer } = createWorkerFunction({ worker: name, wakes, waking, log });
  const handler = middy()
    .use(workerMiddleware(meter(), log))
    .handler(answer(nothing, { housekeeping: nothing }));
  return () => handler(wakeup, context);
}

function streamTrigger(): Invoke {
  const handler = middy()
    .use(meterInvocations(meter()))
    .handler(async (event) => {
      const wakeups = createWakeups({ waking, onError: () => {} });
      // as: the change above.
      for (const type of changedTypes(event as StreamEvent).keys()) wakeups.committed(type);
      await wakeups.flush();
    });
  return () => handler(change, context);
}

/** Microseconds of processor time: the median of the rounds after the first, which the compiler still takes part in. */
async function measure(invoke: Invoke): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < invocations; i++) await invoke();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) times.push((user + system) / invocations);
  }
  return rounded(times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0);
}

function rounded(microseconds: number): number {
  return Math.round(microseconds * 10) / 10;
}
