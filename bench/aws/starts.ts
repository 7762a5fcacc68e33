// What a function is before its first request: the size of its bundle, what of it is loaded at start, and the processor time of its
// initialisation under AWS's own runtime interface client. And what entry point and middleware add to a warm invocation.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import middy from '@middy/core';
import { logInvocation } from '../../core/work/invocation.ts';
import { createLog } from '../../core/work/log.ts';
import { answerFailure } from '../../functions/apiserver/serverless/answer-failure.ts';
import { toApiRequest } from '../../functions/apiserver/serverless/gateway-event.ts';
import { toBuffered } from '../../functions/apiserver/serverless/gateway-response.ts';
import type { AwsCluster, FunctionName } from '../../test/aws/harness/cluster.ts';

export interface Start {
  readonly function: FunctionName;
  /** Gzipped, with everything that it may ever load. */
  readonly 'bundle, KB': number;
  /** Gzipped, what is loaded before the first request. */
  readonly 'loaded at start, KB': number;
  /** Processor time from the end of Node.js' own start to readiness: median of the starts. */
  readonly 'initialised in, ms': number;
}

const starts = 5;

/** The functions' environments must be processes. */
export async function measureStart(
  cluster: AwsCluster,
  name: FunctionName,
  bundle: string,
  event: unknown,
): Promise<Start> {
  const target = cluster.functions[name];
  for (let i = 0; i < starts; i++) {
    await target.kill();
    await target.invoke(event, async () => undefined);
  }
  const directory = join(cluster.folder, bundle);
  const size = (files: readonly string[]) =>
    Math.round(files.reduce((sum, file) => sum + gzipSync(readFileSync(join(directory, file))).length, 0) / 1024);
  const times = target.initMs.slice(-starts).sort((a, b) => a - b);
  return {
    function: name,
    'bundle, KB': size(readdirSync(directory)),
    'loaded at start, KB': size(target.loaded),
    'initialised in, ms': times[Math.floor(starts / 2)] ?? 0,
  };
}

const invocations = 20_000;

/** Microseconds of a warm invocation outside of the API server: middleware, and both conversions. */
export async function measureOverhead(): Promise<number> {
  const log = createLog('warn');
  const response = { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(2000, 'x') };
  const handler = middy()
    .use(logInvocation(log, Date.now))
    .use(answerFailure(log))
    .handler(async (event) => {
      toApiRequest(event as Parameters<typeof toApiRequest>[0], new AbortController().signal);
      return toBuffered(response);
    });
  const event = {
    httpMethod: 'GET',
    path: '/api/v1/namespaces/default/pods',
    headers: {},
    multiValueHeaders: { accept: ['application/json'], authorization: ['Bearer x'], 'user-agent': ['kubectl'] },
    multiValueQueryStringParameters: { limit: ['500'] },
    body: null,
    requestContext: { requestId: 'a', identity: { sourceIp: '192.0.2.1' } },
  };
  const context = { awsRequestId: 'a', getRemainingTimeInMillis: () => 29_000 };
  const run = async (times: number) => {
    // as: of Lambda's context, this is what is read.
    for (let i = 0; i < times; i++) await handler(event, context as never);
  };
  await run(invocations / 10);
  const before = process.cpuUsage();
  await run(invocations);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / invocations;
}
