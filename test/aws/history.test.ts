// The past of objects on AWS: the bundled functions over the table, asked as one asks a cluster there.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProgram } from '../cli/run-tool.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';
import { startThread } from './harness/thread-environment.ts';

let cluster: AwsCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  cluster = await startAwsCluster({ start: startThread });
  kubectl = kubectlFor(cluster.kubeconfig);
  // The first requests make the cluster's first objects: on a busy machine for longer than the gateway waits.
  await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  await eventually(120, async () => (await kubectl.attempt('auth', 'whoami')).code === 0);
  // What a namespace held in its first two seconds is not told apart from what one of its name held before.
  const made = await kubectl('get', 'namespace', 'default', '-o', 'jsonpath={.metadata.creationTimestamp}');
  await eventually(60, async () => Date.now() > Date.parse(made) + 3000);
}, 300_000);

afterAll(() => cluster?.stop());

async function zeroplane(...args: string[]) {
  const words = [process.execPath, join(import.meta.dirname, '../../cli/main.ts'), ...args];
  return await startProgram(words, { env: { KUBECONFIG: cluster.kubeconfig } }).ended;
}

it('is told and taken back', { timeout: 240_000 }, async () => {
  await kubectl('create', 'configmap', 'settings', '--from-literal=colour=blue');
  await kubectl('patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"colour":"red"}}');
  const { items, complete } = JSON.parse((await zeroplane('history', 'cm/settings', '-o', 'json')).stdout);
  expect(complete).toBe(true);
  expect(items).toMatchObject([
    { operation: 'update', object: { data: { colour: 'red' } } },
    { operation: 'create', object: { data: { colour: 'blue' } } },
  ]);
  expect(items[0].by).toMatchObject({
    user: 'arn:aws:iam::000000000000:role/test-admin:tester',
    verb: 'patch',
    userAgent: expect.stringContaining('kubectl/v1.'),
    sourceIP: expect.stringMatching(/^[0-9a-f.:]+$/),
    auditID: expect.any(String),
  });
  const then = await zeroplane('get', 'cm', '--at', items[1].time);
  expect(then).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('colour: blue') });
  const undone = await zeroplane('undo', 'cm/settings', '--yes');
  expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining('  + data.colour: "blue"') });
  expect(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('blue');
  await kubectl('delete', 'configmap', 'settings');
  expect(await zeroplane('undo', 'cm/settings', '--yes')).toMatchObject({ code: 0 });
  expect(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('blue');
});
