// What is done with pods that run: a CI job from its creation to its end, and logs, with a real worker that runs real containers.

import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { busyboxImages, packageImages } from '../../local/example-images.ts';
import { memory } from '../../test/aws/harness/counts.ts';
import { type AwsWorker, startAwsWorker } from '../../test/aws/harness/worker.ts';
import { eventually } from '../../test/tools/cluster.ts';
import { tool } from '../../test/tools/kubectl.ts';
import { nodeImage } from '../../test/tools/webhook-pod.ts';
import { type ExecMeasured, measureExec } from './exec.ts';
import { difference, type Measured, measure, medianOf, quiet, share } from './measure.ts';
import { type Part, step } from './parts.ts';
import { measureWebhook, type WebhookMeasured } from './webhooks.ts';

export interface PodOperations {
  readonly job: Measured;
  readonly logs: Measured;
  /** A megabyte of text. */
  readonly longLogs: Measured;
  /** A minute of `logs -f`. */
  readonly silentFollow: Measured;
  readonly livelyFollow: Measured;
  readonly proxied: Measured;
  readonly webhook: WebhookMeasured;
  readonly exec: ExecMeasured;
  /** A look of an autoscaler that leaves everything as it is. */
  readonly autoscaling: Measured;
}

const image = '--image=zeroplane.local/busybox:1';
const times = 5;
/** A third of a minute. */
const windowMs = 20_000;

/** Of the parts that need pods. Undefined without root, whose containers these would be. */
export async function measurePods(parts: ReadonlySet<Part>): Promise<Partial<PodOperations> | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  step('a worker joins');
  const images = [...busyboxImages, ...packageImages.filter(({ name }) => name === nodeImage)];
  const env = { ZEROPLANE_AUTOSCALER_SYNC_MS: '10000' };
  const worker = await startAwsWorker('zpbench', '10.210.78.1', { env, channel: true }, images);
  try {
    return {
      ...(parts.has('operations') && (await measureJobs(worker))),
      ...(parts.has('webhook') && { webhook: await measureWebhook(worker) }),
      ...(parts.has('exec') && { exec: await measureStreams(worker) }),
    };
  } finally {
    await worker.stop();
  }
}

async function measureStreams(worker: AwsWorker): Promise<ExecMeasured> {
  step('kubectl exec');
  await run(worker.kubectl, 'shell', 'sleep 9999');
  return measureExec(worker, 'shell');
}

async function measureJobs(worker: AwsWorker): Promise<Omit<PodOperations, 'webhook' | 'exec'>> {
  const { kubectl } = worker;
  await kubectl('create', 'deployment', 'scaled', image, '--', 'sleep', '9999');
  await kubectl('set', 'resources', 'deployment', 'scaled', '--requests=cpu=100m');
  const several = async (name: string, work: (i: number) => Promise<unknown>): Promise<Measured> => {
    const all: Measured[] = [];
    // The first warms up the functions.
    for (let i = 0; i <= times; i++) all.push(await measure(name, worker.counted, () => work(i)));
    return medianOf(name, all.slice(1));
  };
  const job = await several('a CI job: create, run, get, logs, delete', async (i) => {
    await kubectl('create', 'job', `ci-${i}`, image, '--', 'sh', '-c', 'echo building; sleep 1; echo built');
    // As a pipeline that asks now and then. `kubectl wait` would open a watch, and nobody tells a function that its client has left.
    do await delay(5000);
    while ((await kubectl('get', 'job', `ci-${i}`, '-o', 'jsonpath={.status.succeeded}')) !== '1');
    if (!(await kubectl('logs', `job/ci-${i}`)).includes('built')) throw new Error('the log is not whole');
    await kubectl('delete', 'job', `ci-${i}`);
  });
  await eventually(60, async () => !(await kubectl('get', 'pods', '-l', 'job-name', '-o', 'name')).trim());
  await run(kubectl, 'small', 'echo a line; sleep 9999');
  await run(
    kubectl,
    'long',
    'i=0; while [ $i -lt 16384 ]; do echo "line $((100000+i)) $((i*i*7919)) of a log of one megabyte, more or less"; i=$((i+1)); done; sleep 9999',
  );
  await run(kubectl, 'silent', 'sleep 9999');
  await run(kubectl, 'lively', 'while :; do echo a line; sleep 1; done');
  await kubectl('run', 'web', '--image=zeroplane.local/web:1');
  await eventually(60, async () => (await kubectl('get', 'pod', 'web')).includes('Running'));
  const logs = await several('kubectl logs, a small log', () => kubectl('logs', 'small'));
  const longLogs = await several('kubectl logs, 1 MB', () => kubectl('logs', 'long'));
  const path = '/api/v1/namespaces/default/pods/web:8080/proxy/index.html';
  const proxied = await several('a proxied GET', () => kubectl('get', '--raw', path));
  await afterReport(worker.counted);
  const silentFollow = await follow(worker, 'a minute of kubectl logs -f, nothing said', 'silent');
  const livelyFollow = await follow(worker, 'a minute of kubectl logs -f, a line a second', 'lively');
  const autoscaling = await autoscale(worker);
  return { job, logs, longLogs, silentFollow, livelyFollow, proxied, autoscaling };
}

async function autoscale({ kubectl, counted }: AwsWorker): Promise<Measured> {
  step('look of an autoscaler');
  await kubectl('autoscale', 'deployment', 'scaled', '--min=1', '--max=2', '--cpu=50%');
  await eventually(180, async () => /cpu: \d+%\/50%/.test(await kubectl('get', 'hpa', 'scaled')));
  await afterReport(counted);
  const before = await counted();
  await delay(windowMs);
  const all = difference(await counted(), before);
  return { name: 'look of an autoscaler', ...share(all, all.invocations) };
}

async function run(kubectl: AwsWorker['kubectl'], name: string, script: string): Promise<void> {
  await kubectl('run', name, image, '--', 'sh', '-c', script);
  await eventually(60, async () => (await kubectl('get', 'pod', name)).includes('Running'));
}

/** Resolves after one of the node's reports, which come by themselves every 75 seconds: time to count without them. */
async function afterReport(counted: AwsWorker['counted']): Promise<void> {
  await quiet(counted);
  const { apiRequests } = await counted();
  await eventually(120, async () => (await counted()).apiRequests > apiRequests);
  await quiet(counted);
}

/** A third of a minute of it, tripled. The function that streams is charged for the whole of it. */
async function follow({ counted, enter, kubeconfig, kill }: AwsWorker, name: string, pod: string): Promise<Measured> {
  const [program = '', ...args] = [
    ...enter,
    tool('kubectl'),
    '--kubeconfig',
    kubeconfig,
    'logs',
    '-f',
    '--tail=0',
    pod,
  ];
  step(name);
  const kubectl = spawn(program, args, { stdio: 'ignore' });
  try {
    await delay(4000);
    const before = await counted();
    await delay(windowMs);
    const third = difference(await counted(), before);
    const { gigabyteSeconds, ...rest } = share(third, 1 / 3);
    return { name, ...rest, gigabyteSeconds: gigabyteSeconds + 60 * memory.read };
  } finally {
    kubectl.kill();
    // It would stream on for minutes.
    kill('read');
  }
}
