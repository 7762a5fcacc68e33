// The functions as they run on AWS: size and cold start of each bundle, and what each kubectl operation takes. Writes docs/cost.md
// with `--write`; `--part` chooses.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { duePartition } from '../../core/store/dynamodb/table.ts';
import { ofWorkers, type Wakeup, type Worker, workers } from '../../core/work/workers.ts';
import { functionNames } from '../../infra/function-rows.ts';
import { type AwsCluster, startAwsCluster } from '../../test/aws/harness/cluster.ts';
import { counted } from '../../test/aws/harness/counts.ts';
import { startProcess } from '../../test/aws/harness/process-environment.ts';
import { runtimeClient } from '../../test/aws/harness/runtime-client.ts';
import { type Kubectl, kubectlFor } from '../../test/tools/kubectl.ts';
import { measureClients } from './clients.ts';
import { costPage } from './costs.ts';
import { measureEdge } from './edge.ts';
import { type Count, type Measured, measure, quiet } from './measure.ts';
import { lineBytes, measureMeter, measureOverheads } from './overhead.ts';
import { chosenParts, type Part, step } from './parts.ts';
import { measurePods, type PodOperations } from './pods.ts';
import { measureScale, rowsOfScale } from './scale.ts';
import { measureStart, type Start } from './starts.ts';
import { measureWatches, type WatchesMeasured } from './watches.ts';

/** What a shared machine fills in a minute. */
const podsOfScale = 20_000;

export async function run(args: readonly string[]): Promise<unknown> {
  const { parts, write } = chosenParts(args);
  const scale = parts.has('scale') ? await measureScale(podsOfScale) : undefined;
  if (scale) console.table(rowsOfScale(scale));
  const starts = parts.has('starts') ? await measureProcessors() : undefined;
  const needsPods = ['operations', 'exec', 'webhook'] as const;
  const pods = needsPods.some((each) => parts.has(each)) ? await measurePods(parts) : {};
  if (!pods)
    console.log('without root there are no containers: jobs and logs are not measured, and nothing is written');
  const served = parts.has('operations') || parts.has('watch') ? await measureServed(parts) : undefined;
  const { operations, watching } = { operations: undefined, watching: undefined, ...served };
  if (watching) console.table(watching.watches.abandoned);
  console.table([
    ...Object.values(operations?.recurring ?? {}),
    ...watchesOf(watching),
    ...(operations?.kubectl ?? []),
    ...operationsOf(pods),
  ]);
  if (pods?.exec) console.log(`a keystroke's echo through exec, p50: ${Math.round(pods.exec.echoMs)} ms`);
  if (write && operations && watching && scale && isWhole(pods)) {
    const recurring = { ...operations.recurring, ...watching, lineBytes: lineBytes() };
    writeFileSync(
      join(import.meta.dirname, '../../docs/cost.md'),
      costPage(operations.kubectl, recurring, pods, scale),
    );
  }
  return { ...starts, ...operations?.recurring, ...watching, operations: operations?.kubectl, pods, scale };
}

/** What needs no pods: operations, and watches. */
async function measureServed(parts: ReadonlySet<Part>) {
  step('a cluster starts');
  const cluster = await startAwsCluster({ channel: true, tickMs: 0 });
  const count = () => counted(cluster);
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(count);
    const operations = parts.has('operations') ? await measureOperations(cluster, count, kubectl) : undefined;
    if (!parts.has('watch')) return { operations };
    const { follow, wish } = await measureEdge(cluster, count);
    step('plain watches');
    return { operations, watching: { follow, wish, watches: await measureWatches(cluster, count) } };
  } finally {
    await cluster.stop();
  }
}

async function measureOperations(cluster: AwsCluster, count: Count, kubectl: Kubectl) {
  const wake = (worker: Worker, wakeup: Wakeup = {}) => cluster.functions[worker].invoke(wakeup);
  const trigger = (event: object) => cluster.functions.streamTrigger.invoke(event);
  const resync = await measure('resync of all workers', count, () =>
    Promise.all(workers.map((each) => wake(each, { resync: true }))),
  );
  const tick = await measure('a tick: what is due, what was forgotten', count, () => trigger({ tick: true }));
  await cluster.wakes.wakeAt({ worker: 'controllers', part: '' }, Date.now() + 60_000);
  await quiet(count);
  const due = { eventName: 'MODIFY', dynamodb: { Keys: { p: { S: duePartition }, s: { S: 'controllers/' } } } };
  const window = await measure('a window of the stream, something is due later', count, () =>
    trigger({ Records: [due] }),
  );
  const look = await measure('look of the controllers', count, () => wake('controllers'));
  const manifest = (name: string) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
  await kubectl.input(manifest('warm'), 'apply', '-f', '-');
  await quiet(count);
  const operations = [
    await measure('kubectl apply, a new ConfigMap', count, () => kubectl.input(manifest('a'), 'apply', '-f', '-')),
    await measure('kubectl get configmap', count, () => kubectl('get', 'configmap', 'a')),
    await measure('kubectl get pods', count, () => kubectl('get', 'pods')),
    await measure('kubectl create deployment, 1 pod', count, () =>
      kubectl('create', 'deployment', 'one', '--image=x', '--replicas=1'),
    ),
    await measure('kubectl create deployment, 100 pods', count, async () => {
      await kubectl('create', 'deployment', 'hundred', '--image=x', '--replicas=100');
    }),
    await measure('kubectl create job', count, () => kubectl('create', 'job', 'j', '--image=x')),
    await measure('kubectl delete deployment, 100 pods', count, () => kubectl('delete', 'deployment', 'hundred')),
  ];
  return {
    recurring: { resync, tick, window, look, report: await measureReport(count, kubectl) },
    kubectl: operations,
  };
}

/** What functions take before and beside their work. */
async function measureProcessors() {
  step('starts');
  const starts = await measureStarts();
  if (starts) console.table(starts);
  else console.log("npm cannot fetch AWS's runtime interface client: starts are not measured");
  step('clients of AWS');
  const clients = await measureClients();
  console.table(clients);
  step('entry points and middleware');
  const overhead = await measureOverheads();
  console.table(overhead);
  const meter = await measureMeter();
  console.log(`of it the meter: ${meter} µs`);
  return { starts, clients, overhead, meter };
}

function watchesOf(watching: { follow: Measured; wish: Measured; watches: WatchesMeasured } | undefined): Measured[] {
  if (!watching) return [];
  const { follow, wish, watches } = watching;
  return [follow, wish, watches.open, watches.begun];
}

function operationsOf({ exec, ...others }: Partial<PodOperations> = {}): Measured[] {
  return [...Object.values(others), ...(exec ? [exec.command, exec.idle] : [])];
}

function isWhole(pods: Partial<PodOperations> | undefined): pods is PodOperations {
  return pods?.job !== undefined && pods.webhook !== undefined && pods.exec !== undefined;
}

/** Each function started anew, as processes of AWS's runtime interface client; undefined where npm cannot fetch that. */
async function measureStarts(): Promise<Start[] | undefined> {
  const client = runtimeClient();
  if (!client) return undefined;
  const cluster = await startAwsCluster({ start: startProcess(client), tickMs: 0 });
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(() => counted(cluster));
    const request = { httpMethod: 'GET', path: '/version', headers: {}, requestContext: {} };
    const look = {};
    const events = {
      read: request,
      watch: { ...request, path: '/watch/none' },
      write: request,
      node: request,
      hosted: { ...request, path: '/clusters/none/version' },
      ...ofWorkers(() => look),
      streamTrigger: { Records: [] },
      channel: { requestContext: { routeKey: '$connect', connectionId: 'a' } },
      announce: { Records: [] },
      drainer: {},
    };
    const measured: Start[] = [];
    for (const name of functionNames) measured.push(await measureStart(cluster, name, events[name]));
    return measured;
  } finally {
    await cluster.stop();
  }
}

/** A node's report with what fifty containers use, and its heartbeat, through the API. */
async function measureReport(count: Count, kubectl: Kubectl): Promise<Measured> {
  const path = '/apis/agent.zeroplane.dev/v1/nodes/n1/report';
  const pods = Array.from({ length: 50 }, (_, i) => ({
    namespace: 'default',
    name: `web-7d4b9c6f5d-x2x${i}`,
    containers: [{ name: 'web', cpu: 20e6 + i * 1e6, memory: (50 + i) * 2 ** 20 }],
  }));
  const usage = { windowSeconds: 75, node: { cpu: 2e9, memory: 2 ** 33 }, pods };
  const body = () => JSON.stringify({ usage: { ...usage, time: new Date().toISOString() } });
  await kubectl.input(body(), 'create', '-f', '-', '--raw', path);
  return measure('report of a node, nothing changed', count, async () => {
    await kubectl.input(body(), 'create', '-f', '-', '--raw', path);
  });
}
