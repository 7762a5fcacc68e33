// The functions as they run on AWS: size and cold start of each bundle, and what each kubectl operation takes. Writes docs/cost.md
// with `--write`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsCluster, type FunctionName, startAwsCluster } from '../../test/aws/harness/cluster.ts';
import { startProcess } from '../../test/aws/harness/process-environment.ts';
import { runtimeClient } from '../../test/aws/harness/runtime-client.ts';
import { type Kubectl, kubectlFor } from '../../test/tools/kubectl.ts';
import { costPage, type Measured } from './costs.ts';
import { measureMeter, measureOverheads } from './overhead.ts';
import { measureStart, type Start } from './starts.ts';

/** Gigabytes of memory, as infra/functions.ts sets them. */
const memory: Readonly<Record<FunctionName, number>> = {
  read: 0.5,
  write: 1,
  node: 0.5,
  controllers: 1,
  scheduler: 1,
  notifier: 0.5,
  alarm: 0.125,
};

export async function run(args: readonly string[]): Promise<unknown> {
  const starts = await measureStarts();
  if (starts) console.table(starts);
  else console.log("npm cannot fetch AWS's runtime interface client: starts are not measured");
  const overhead = await measureOverheads();
  console.table(overhead);
  const meter = await measureMeter();
  console.log(`of it the meter: ${meter} µs`);
  const cluster = await startAwsCluster();
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(cluster);

    const wake = (worker: 'controllers' | 'scheduler' | 'notifier') =>
      cluster.functions[worker].invoke({ Records: [{ messageId: '1', body: '{"types":[]}' }] });
    const resync = await measure('resync of all workers', cluster, () =>
      Promise.all([wake('controllers'), wake('scheduler'), wake('notifier')]),
    );
    const look = await measure('look of the controllers', cluster, () => wake('controllers'));
    const manifest = (name: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });
    await kubectl.input(manifest('warm'), 'apply', '-f', '-');
    await quiet(cluster);
    const operations = [
      await measure('kubectl apply, a new ConfigMap', cluster, () => kubectl.input(manifest('a'), 'apply', '-f', '-')),
      await measure('kubectl get configmap', cluster, () => kubectl('get', 'configmap', 'a')),
      await measure('kubectl get pods', cluster, () => kubectl('get', 'pods')),
      await measure('kubectl create deployment, 1 pod', cluster, () =>
        kubectl('create', 'deployment', 'one', '--image=x', '--replicas=1'),
      ),
      await measure('kubectl create deployment, 100 pods', cluster, async () => {
        await kubectl('create', 'deployment', 'hundred', '--image=x', '--replicas=100');
      }),
      await measure('kubectl create job', cluster, () => kubectl('create', 'job', 'j', '--image=x')),
      await measure('kubectl delete deployment, 100 pods', cluster, () => kubectl('delete', 'deployment', 'hundred')),
    ];
    const report = await measureReport(cluster, kubectl);
    console.table([resync, look, report, ...operations]);
    const page = costPage(operations, { resync, look, report });
    if (args.includes('--write')) writeFileSync(join(import.meta.dirname, '../../docs/cost.md'), page);
    return { starts, overhead, meter, resync, look, report, operations };
  } finally {
    await cluster.stop();
  }
}

/** Each function started anew, as processes of AWS's runtime interface client; undefined where npm cannot fetch that. */
async function measureStarts(): Promise<Start[] | undefined> {
  const client = runtimeClient();
  if (!client) return undefined;
  const cluster = await startAwsCluster({ start: startProcess(client) });
  try {
    const kubectl = kubectlFor(cluster.kubeconfig);
    await kubectl('get', '--raw', '/version');
    await quiet(cluster);
    const request = { httpMethod: 'GET', path: '/version', headers: {}, requestContext: {} };
    const look = { Records: [{ messageId: '1', body: '{"types":[]}' }] };
    return [
      await measureStart(cluster, 'read', 'apiserver', request),
      await measureStart(cluster, 'write', 'apiserver', request),
      await measureStart(cluster, 'node', 'apiserver', request),
      await measureStart(cluster, 'notifier', 'apiserver', look),
      await measureStart(cluster, 'controllers', 'controllers', look),
      await measureStart(cluster, 'scheduler', 'scheduler', look),
      await measureStart(cluster, 'alarm', 'alarm', { Records: [] }),
    ];
  } finally {
    await cluster.stop();
  }
}

/** A node's report and its heartbeat, through the API. */
async function measureReport(cluster: AwsCluster, kubectl: Kubectl): Promise<Measured> {
  const path = '/apis/agent.zeroplane.dev/v1/nodes/n1/report';
  await kubectl.input('{}', 'create', '-f', '-', '--raw', path);
  return measure('report of a node, nothing changed', cluster, async () => {
    await kubectl.input('{}', 'create', '-f', '-', '--raw', path);
  });
}

async function measure(name: string, cluster: AwsCluster, work: () => Promise<unknown>): Promise<Measured> {
  await quiet(cluster);
  const before = counted(cluster);
  await work();
  await quiet(cluster);
  const after = counted(cluster);
  const { apiRequests, invocations, gigabyteSeconds, readUnits, writeUnits, messages } = after;
  return {
    name,
    apiRequests: apiRequests - before.apiRequests,
    invocations: invocations - before.invocations,
    gigabyteSeconds: gigabyteSeconds - before.gigabyteSeconds,
    readUnits: readUnits - before.readUnits,
    writeUnits: writeUnits - before.writeUnits,
    messages: messages - before.messages,
  };
}

function counted({ functions, dynamo, gateway }: AwsCluster) {
  // as: the names of a record.
  const all = Object.entries(functions) as [FunctionName, AwsCluster['functions'][FunctionName]][];
  const workers = ['controllers', 'scheduler', 'notifier'] as const;
  return {
    apiRequests: gateway.requests,
    invocations: all.reduce((sum, [, { invocations }]) => sum + invocations, 0),
    gigabyteSeconds: all.reduce((sum, [name, { billedMs }]) => sum + (billedMs / 1000) * memory[name], 0),
    readUnits: dynamo.units.read,
    writeUnits: dynamo.units.write,
    // A message is sent, received and deleted.
    messages: 3 * workers.reduce((sum, name) => sum + functions[name].invocations, 0),
  };
}

/** Until no function was invoked and no request was charged for a second. */
async function quiet(cluster: AwsCluster): Promise<void> {
  let last = '';
  for (let same = 0; same < 4; ) {
    await delay(250);
    const { gigabyteSeconds: _, ...now } = counted(cluster);
    const text = JSON.stringify(now);
    same = text === last ? same + 1 : 0;
    last = text;
  }
}
