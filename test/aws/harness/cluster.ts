// A cluster as it runs on AWS, on this machine: the bundles in execution environments, behind a gateway, over the model of
// DynamoDB, a stand-in of SQS and one of STS. Everything listens on loopback.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startFauxqs } from 'fauxqs';
import { createSqsQueue } from '../../../core/queue/sqs/sqs-queue.ts';
import { createIamToken } from '../../../core/signature/iam-token.ts';
import { createJsonService } from '../../../core/signature/json-service.ts';
import { hostedPrefix } from '../../../core/store/dynamodb/hosted-part.ts';
import { duePartition } from '../../../core/store/dynamodb/table.ts';
import { tableWakes } from '../../../core/store/dynamodb/wakes.ts';
import { latenessMs } from '../../../core/work/waking.ts';
import { ofWorkers } from '../../../core/work/workers.ts';
import { createTestAuthority } from '../../../functions/apiserver/testing/certificates.ts';
import { bundleFunctions } from '../../../infra/bundles.ts';
import {
  type BundleName,
  bundleNames,
  type FunctionName,
  type FunctionRow,
  functionRows,
  ofFunctions,
} from '../../../infra/function-rows.ts';
import { startAutoScalingServer } from './auto-scaling-server.ts';
import { startChannelGateway } from './channel-gateway.ts';
import { type StreamRecord, startDynamoServer } from './dynamo-server.ts';
import { startEc2Server } from './ec2-server.ts';
import type { StartEnvironment } from './execution-environment.ts';
import { type GatewayLimits, startGateway } from './gateway.ts';
import { createFunction, type LambdaFunction } from './lambda.ts';
import { startLambdaServer } from './lambda-server.ts';
import type { Storm } from './storm.ts';
import { startStsServer } from './sts-server.ts';
import { startThread } from './thread-environment.ts';

export interface AwsClusterOptions {
  readonly limits?: Partial<GatewayLimits>;
  /** How late records of logs reach the stream trigger, in milliseconds; they come in any order. Without it they do not. */
  readonly streamDelayMs?: number;
  /** How often the schedule's tick comes; 0: never. Default: as on AWS. */
  readonly tickMs?: number;
  /** Edges hear which logs move, over a WebSocket API. */
  readonly channel?: boolean;
  /** How long functions may run, where that is not what infra/function-rows.ts says. */
  readonly timeoutsMs?: Partial<Record<FunctionName, number>>;
  /** How many environments a function may have at a time, where that is not what is written below. */
  readonly concurrency?: Partial<Record<FunctionName, number>>;
  /** What goes wrong. Without it nothing does. */
  readonly storm?: Storm;
  /** How functions run. Default: as threads of this process. */
  readonly start?: StartEnvironment;
  /** More variables of every function's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A line in CloudWatch's embedded metric format. */
export interface MetricLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

/** Those of streams have one a shard. */
const atATime: Readonly<Partial<Record<FunctionName, number>>> = {
  read: 20,
  watch: 20,
  hosted: 20,
  // One that follows the stream, and others that sleep.
  streamTrigger: 5,
  announce: 1,
  ...ofWorkers(() => 2),
};

const clusterName = 'test';
const region = 'us-east-1';
const account = '000000000000';
const adminRole = `arn:aws:iam::${account}:role/test-admin`;
const workerRole = `arn:aws:iam::${account}:role/test-worker`;
/** Records that come within this time are one batch. */
const batchingMs = 50;
/** About as late as DynamoDB's streams start functions. */
const announcedMs = 200;
const queuePrefix = 'zeroplane-test-';
const functionPrefix = 'zeroplane-test-';

export type AwsCluster = Awaited<ReturnType<typeof startAwsCluster>>;

export async function startAwsCluster(options: AwsClusterOptions = {}) {
  const { storm, timeoutsMs, concurrency } = options;
  const host = '127.0.0.1';
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-aws-'));
  await bundleFunctions(folder);
  const bundles = Object.fromEntries(
    bundleNames.map((name) => [name, join(folder, name)]),
    // as: made from the list of all names.
  ) as Record<BundleName, string>;

  const dynamo = await startDynamoServer(host, storm?.dynamo);
  const sqs = await startFauxqs({ port: 0, logger: false, host, messageSpies: { bufferSize: 10_000 } });
  const sqsUrl = `http://${host}:${sqs.port}`;
  const sts = await startStsServer(host, clusterName, {
    AKIAADMIN: adminRole.replace('iam', 'sts').replace('role/', 'assumed-role/').concat('/tester'),
    AKIAWORKER: workerRole.replace('iam', 'sts').replace('role/', 'assumed-role/').concat('/i-0123456789abcdef0'),
    AKIAOTHER: `arn:aws:iam::${account}:user/eve`,
  });
  const ec2 = await startEc2Server(host);
  const autoScaling = await startAutoScalingServer(host);
  const keys = { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'AKIAFUNCTION', AWS_SECRET_ACCESS_KEY: 'secret' };
  const service = createJsonService({
    service: 'sqs',
    env: { ...keys, AWS_ENDPOINT_URL_SQS: sqsUrl },
    answerMs: 4000,
  });
  const queue = createSqsQueue({ service, visibilitySeconds: 5, prefix: queuePrefix });
  const calls = await startLambdaServer(
    host,
    (name) => Object.values(functions).find((each) => `${functionPrefix}${each.name}` === name),
    storm?.delivery,
  );

  const authority = await createTestAuthority('aws-test-ca');
  const channel = options.channel
    ? await startChannelGateway({
        host,
        stage: 'prod',
        tls: await authority.server(),
        invoke: (event) => functions.channel.invoke(event),
        ...(storm && { delivery: storm.words }),
      })
    : undefined;
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...keys,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_SQS: sqsUrl,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ENDPOINT_URL_S3: sqsUrl,
    AWS_ENDPOINT_URL_LAMBDA: calls.url,
    AWS_ENDPOINT_URL_EC2: ec2.url,
    AWS_ENDPOINT_URL_AUTOSCALING: autoScaling.url,
    ZEROPLANE_EC2_NODES: 'true',
    ZEROPLANE_CLUSTER: clusterName,
    ZEROPLANE_TABLE: 'store',
    ZEROPLANE_QUEUE_PREFIX: queuePrefix,
    ZEROPLANE_FUNCTION_PREFIX: functionPrefix,
    ZEROPLANE_QUEUE_URL_BASE: `${sqsUrl}/${account}/`,
    ZEROPLANE_BUILD: 'test',
    // What killed environments hold stays held for minutes.
    ZEROPLANE_WATCHES: '1000',
    ZEROPLANE_ADMIN_ROLES: adminRole,
    ZEROPLANE_WORKER_ROLES: workerRole,
    ZEROPLANE_NODE_QUEUE_ROLE: `arn:aws:iam::${account}:role/test-node-queue`,
    ...(channel && { ZEROPLANE_CHANNEL_URL: channel.url, ZEROPLANE_CONNECTIONS_URL: channel.connectionsUrl }),
    ZEROPLANE_LOG: process.env['ZEROPLANE_LOG'] ?? 'warn',
    ...options.env,
  };
  const metrics: MetricLine[] = [];
  const audited: Record<string, unknown>[] = [];
  const onLine = (line: string) => {
    if (line.includes('"_aws"')) metrics.push(JSON.parse(line));
    else if (line.includes('"audit.k8s.io/v1"')) audited.push(JSON.parse(line));
    // Not on the standard output, where others read what was asked for.
    else console.error(line);
  };
  const functions: Readonly<Record<FunctionName, LambdaFunction>> = ofFunctions((name) => {
    const row: FunctionRow = functionRows[name];
    return createFunction(
      {
        name,
        bundle: bundles[row.bundle],
        handler: row.handler,
        timeoutMs: timeoutsMs?.[name] ?? row.timeoutSeconds * 1000,
        concurrency: concurrency?.[name] ?? atATime[name] ?? 8,
        env: { ...env, ...row.environment },
        onLine,
        ...(storm && { cutMs: storm.cutMs }),
      },
      options.start ?? startThread,
    );
  });
  storm?.killsIn(functions);
  if (channel) storm?.dropsOf(channel);

  const gateway = await startGateway({
    host,
    stage: 'prod',
    tls: await authority.server(),
    functions,
    ...(options.limits && { limits: options.limits }),
  });

  const timers = new Set<NodeJS.Timeout>();
  const due: StreamRecord[] = [];
  let stopping = false;
  const follow = (record: StreamRecord) => {
    if (stopping) return;
    if (due.push(record) > 1) return;
    later(timers, batchingMs, () => {
      const Records = due.splice(0);
      functions.streamTrigger.invoke({ Records }).catch(() => later(timers, 200, () => Records.forEach(follow)));
    });
  };
  const announced: StreamRecord[] = [];
  const announce = (record: StreamRecord) => {
    if (announced.push(record) > 1) return;
    later(timers, announcedMs, () => {
      functions.announce.invoke({ Records: announced.splice(0) }).catch(() => undefined);
    });
  };
  const { streamDelayMs } = options;
  const wakeDue: StreamRecord[] = [];
  dynamo.onRecord = (record) => {
    if (stopping) return;
    if (isDue(record) && wakeDue.push(record) === 1)
      later(timers, latenessMs, () => {
        functions.streamTrigger.invoke({ Records: wakeDue.splice(0) }).catch(() => undefined);
      });
    if (!isLogged(record)) return;
    if (streamDelayMs !== undefined) later(timers, streamDelayMs * (0.5 + Math.random()), () => follow(record));
    if (channel && !isHosted(record)) announce(record);
  };
  const { tickMs = 60_000 } = options;
  const ticking =
    tickMs > 0 ? setInterval(() => calls.deliver(`${functionPrefix}streamTrigger`, { tick: true }), tickMs) : undefined;

  const token = (accessKeyId: 'AKIAADMIN' | 'AKIAWORKER' | 'AKIAOTHER') =>
    createIamToken({ clusterName, region, credentials: { accessKeyId, secretAccessKey: 'secret' }, now: new Date() });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(gateway.url, authority.cert, token('AKIAADMIN'))));
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, authority.cert);

  return {
    folder,
    kubeconfig,
    caFile,
    gateway,
    channel,
    functions,
    dynamo,
    queue,
    /** The notes of who is woken, beside the protocol: nothing of it is counted. */
    wakes: tableWakes(dynamo.calls, 'store', { now: Date.now, sleep: (ms) => delay(ms), random: Math.random }),
    /** Events that functions could not deal with. */
    deadLetters: calls.deadLetters,
    sqs,
    sts,
    ec2,
    autoScaling,
    metrics,
    /** Events of the audit log. */
    audited,
    /** Messages that were sent to nodes' queues, of the last thousands. */
    nodeMessages: () =>
      sqs.spy
        .getAllMessages()
        .filter(
          (each) =>
            each.service === 'sqs' && each.status === 'published' && each.queueName.startsWith(`${queuePrefix}node-`),
        ).length,
    token,
    async stop() {
      stopping = true;
      dynamo.onRecord = undefined;
      for (const timer of timers) clearTimeout(timer);
      clearInterval(ticking);
      await calls.close();
      await channel?.close();
      await gateway.close();
      await Promise.all(Object.values(functions).map((each) => each.stop()));
      service.close();
      await Promise.all([sqs.stop(), dynamo.close(), sts.close(), ec2.close(), autoScaling.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The filters of infra/functions.ts: the trigger has both, announce the log of the cluster itself alone. */
function isLogged(record: StreamRecord): boolean {
  const { eventName, dynamodb } = record;
  return eventName === 'INSERT' && ((dynamodb.Keys['p']?.S?.startsWith('log#') ?? false) || isHosted(record));
}

/** The same: what is due, whatever was written. */
function isDue({ eventName, dynamodb }: StreamRecord): boolean {
  return eventName !== 'REMOVE' && dynamodb.Keys['p']?.S === duePartition;
}

function isHosted({ dynamodb }: StreamRecord): boolean {
  return dynamodb.Keys['p']?.S?.startsWith(hostedPrefix) ?? false;
}

function later(timers: Set<NodeJS.Timeout>, ms: number, run: () => void): void {
  const timer = setTimeout(() => {
    timers.delete(timer);
    run();
  }, ms);
  timers.add(timer);
}

function kubeconfigOf(server: string, ca: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
}
