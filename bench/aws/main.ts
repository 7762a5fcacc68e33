// The functions as they run on AWS: size and cold start of each bundle, and what each kubectl operation takes. Writes docs/cost.md
// with `--write`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ofWorkers, type Worker, workers } from '../../core/work/work-queues.ts';
import { functionNames } from '../../infra/function-rows.ts';
import { startAwsCluster } from '../../test/aws/harness/cluster.ts';
import { counted } from '../../test/aws/harness/counts.ts';
import { startProcess } from '../../test/aws/harness/process-environment.ts';
import { runtimeClient } from '../../test/aws/harness/runtime-client.ts';
import { type Kubectl, kubectlFor } from '../../test/tools/kubectl.ts';
import { measureClients } from './clients.ts';
import { costPage } from './costs.ts';
import { measureEdge } from './edge.ts';
import { type Count, type Measured, measure, quiet } from './measure.ts';
import { lineBytes, measureMeter, measureOverheads } from './overhead.ts';
import { measurePods, type PodOperations } from './pods.ts';
import { measureStart, type Start } from './starts.ts';
import { measureWatches } from './watches.ts';

export async function run(args: readonly string[]): Promise<unknown> {
  const starts = await measureStarts();
  if (starts) console.table(starts);
  else console.log("npm cannot fetch AWS's runtime interface client: starts are not measured");
  const clients = await measureClients();
  console.table(clients);
  const overhead = await measureOverheads();
  console.table(overhead);
  const meter = await measureMeter();
  console.log(`of it the meter: ${meter} µs`);
  const pods = await measurePods();
  if (!pods)
    console.log('without root there are no containers: jobs and logs are not measured, and nothing is written');
  const cluster = await startAwsCluster({ channel: true });
  const count = () => counted(cluster);
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(count);

    const wake = (worker: Worker) =>
      cluster.functions[worker].invoke({ Records: [{ messageId: '1', body: '{"types":[]}' }] });
    const resync = await measure('resync of all workers', count, () => Promise.all(workers.map(wake)));
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
    const report = await measureReport(count, kubectl);
    const { follow, wish } = await measureEdge(cluster, count);
    const watches = await measureWatches(cluster, count);
    console.table(watches.abandoned);
    console.table([
      resync,
      look,
      report,
      follow,
      wish,
      watches.open,
      watches.begun,
      ...operations,
      ...operationsOf(pods),
    ]);
    if (pods) console.log(`a keystroke's echo through exec, p50: ${Math.round(pods.exec.echoMs)} ms`);
    if (pods && args.includes('--write')) {
      const page = costPage(operations, { resync, look, report, follow, wish, watches, lineBytes: lineBytes() }, pods);
      writeFileSync(join(import.meta.dirname, '../../docs/cost.md'), page);
    }
    return { starts, clients, overhead, meter, resync, look, report, follow, wish, watches, operations, pods };
  } finally {
    await cluster.stop();
  }
}

function operationsOf(pods: PodOperations | undefined): Measured[] {
  if (!pods) return [];
  const { exec, ...others } = pods;
  return [...Object.values(others), exec.command, exec.idle];
}

/** Each function started anew, as processes of AWS's runtime interface client; undefined where npm cannot fetch that. */
async function measureStarts(): Promise<Start[] | undefined> {
  const client = runtimeClient();
  if (!client) return undefined;
  const cluster = await startAwsCluster({ start: startProcess(client) });
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(() => counted(cluster));
    const request = { httpMethod: 'GET', path: '/version', headers: {}, requestContext: {} };
    const look = { Records: [{ messageId: '1', body: '{"types":[]}' }] };
    const events = {
      read: request,
      watch: { ...request, path: '/watch/none' },
      write: request,
      node: request,
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
