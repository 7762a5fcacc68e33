// What a cluster that a deployment on AWS hosts costs from its creation over its use to its end: requests and units counted on the harness of
// test/aws, Lambda time measured there, prices of bench/aws/prices.ts.

import { join } from 'node:path';
import { type AwsCluster, startAwsCluster } from '../../test/aws/harness/cluster.ts';
import { counted } from '../../test/aws/harness/counts.ts';
import { eventually } from '../../test/tools/cluster.ts';
import { type Kubectl, kubectlFor, runTool } from '../../test/tools/kubectl.ts';
import { costOf } from '../aws/costs.ts';
import { type Measured, measure, quiet } from '../aws/measure.ts';
import { hoursAMonth, prices } from '../aws/prices.ts';

/** Of all hosted clusters together, however many there are. */
const looksAMonth = (hoursAMonth * 60) / 5;
/** Beside the one that is measured, when it is told what one more costs while nothing happens. */
const idleBeside = 4;

export interface HostedOnAws {
  readonly rows: readonly (Measured & { readonly dollars: number; readonly seconds: number })[];
  readonly idleMonth: {
    readonly dollars: number;
    readonly bytes: number;
    readonly items: number;
    /** Of the deployment, however many there are. */
    readonly looks: number;
  };
}

/** `program`: of the command line, as a release has it. */
export async function measureOnAws(program: string): Promise<HostedOnAws> {
  const aws = await startAwsCluster({ tickMs: 0 });
  try {
    const host = kubectlFor(aws.kubeconfig);
    await eventually(120, async () => (await host.attempt('get', 'namespaces')).code === 0);
    const count = () => counted(aws);
    const zeroplane = async (...words: string[]) => {
      const { code, stderr } = await runTool(process.execPath, [
        ...[program, 'cluster', ...words, '--kubeconfig', aws.kubeconfig],
      ]);
      if (code !== 0) throw new Error(`cluster ${words.join(' ')} exited ${code}: ${stderr}`);
    };
    const create = (name: string) => zeroplane('create', name, '--file', join(aws.folder, name));
    // Functions that run: what a start costs is in docs/aws.md.
    await create('first');
    await use(kubectlFor(join(aws.folder, 'first')));
    await zeroplane('delete', 'first');
    const rows: HostedOnAws['rows'][number][] = [];
    const row = async (name: string, work: () => Promise<unknown>) => {
      let seconds = 0;
      const measured = await measure(name, count, async () => {
        const began = performance.now();
        await work();
        seconds = (performance.now() - began) / 1000;
      });
      rows.push({ ...measured, dollars: costOf(measured), seconds });
    };
    await row('zeroplane cluster create', () => create('one'));
    const one = kubectlFor(join(aws.folder, 'one'));
    await row('its first kubectl apply, and get', () => use(one));
    await row('kubectl apply of a change', () => apply(one, 'again'));
    await row('kubectl get configmap', () => one('get', 'configmap', 'hello'));
    await row('kubectl create deployment, 1 pod', () => one('create', 'deployment', 'web', '--image=web'));
    const [before, { items, bytes }] = [await look(aws, count), stored(aws)];
    for (let at = 0; at < idleBeside; at += 1) await create(`idle-${at}`);
    await quiet(count);
    const after = await look(aws, count);
    const oneLook = (costOf(after) - costOf(before)) / idleBeside;
    const storage = (bytes / 1e9) * (prices.dynamoGigabyteMonth + prices.pointInTimeGigabyteMonth);
    await row('zeroplane cluster delete', () => zeroplane('delete', 'one'));
    const [dollars, looks] = [looksAMonth * Math.max(0, oneLook) + storage, looksAMonth * costOf(before)];
    return { rows, idleMonth: { dollars, bytes, items, looks } };
  } finally {
    await aws.stop();
  }
}

async function use(kubectl: Kubectl): Promise<void> {
  await apply(kubectl, 'you');
  await kubectl('get', 'configmap', 'hello', '-o', 'yaml');
}

async function apply(kubectl: Kubectl, to: string): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'hello' }, data: { to } };
  await kubectl.input(JSON.stringify(object), 'apply', '-f', '-');
}

/** What the schedule makes of hosted clusters while nothing happens: the units are exact, the time is a sample. */
async function look(aws: AwsCluster, count: () => ReturnType<typeof counted>): Promise<Measured> {
  return measure('a look at hosted clusters', count, () =>
    aws.functions.hosting.invoke({ resync: true, housekeeping: true }),
  );
}

/** Of all that hosted clusters have in the table. */
function stored({ dynamo }: AwsCluster): { items: number; bytes: number } {
  const hosted = dynamo.sizes().filter(({ partition }) => partition.startsWith('hosted/'));
  return { items: hosted.length, bytes: hosted.reduce((sum, { bytes }) => sum + bytes, 0) };
}
