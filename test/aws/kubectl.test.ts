// kubectl against the bundled functions, behind a gateway that speaks API Gateway's events: once with the functions as threads, once
// as processes of AWS's own runtime interface client. About 15 s each.

import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helmChart } from '../clients/helm-chart.ts';
import { informer } from '../clients/informer.ts';
import { kubectlApply } from '../clients/kubectl-apply.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor, tool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';
import type { StartEnvironment } from './harness/execution-environment.ts';
import { startProcess } from './harness/process-environment.ts';
import { runtimeClient } from './harness/runtime-client.ts';
import { startThread } from './harness/thread-environment.ts';

const client = runtimeClient();
if (!client) console.warn("npm cannot fetch AWS's runtime interface client: the functions are tried as threads only");
const ways: [string, StartEnvironment][] = [
  ['threads', startThread],
  ...(client ? [["AWS's runtime interface client", startProcess(client)] satisfies [string, StartEnvironment]] : []),
];

describe.each(ways)('kubectl through API Gateway, functions run by %s', { timeout: 120_000 }, (_, start) => {
  let cluster: AwsCluster;
  let kubectl: Kubectl;
  beforeAll(async () => {
    cluster = await startAwsCluster({ start });
    kubectl = kubectlFor(cluster.kubeconfig);
    // The first requests make the cluster's first objects: on a busy machine for longer than the gateway waits.
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
    await eventually(120, async () => (await kubectl.attempt('auth', 'whoami')).code === 0);
  }, 300_000);
  afterAll(() => cluster?.stop());

  it('knows the IAM identity', async () => {
    const who = await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}');
    expect(JSON.parse(who)).toMatchObject({ username: 'arn:aws:iam::000000000000:role/test-admin:tester' });
    const other = await kubectl.attempt('--token', cluster.token('AKIAOTHER'), 'get', 'secrets');
    expect(other.stderr).toContain('secrets is forbidden: User "arn:aws:iam::000000000000:user/eve"');
    expect((await kubectl.attempt('--token', 'wrong', 'get', 'pods')).stderr).toContain('logged in');
  });

  it('applies, shows, changes and deletes', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: '1' } };
    expect(await kubectl.input(JSON.stringify(map), 'apply', '-f', '-')).toContain('configmap/m created');
    expect(await kubectl.input(JSON.stringify({ ...map, data: { a: '2' } }), 'apply', '-f', '-')).toContain(
      'configured',
    );
    expect(await kubectl('get', 'configmap', 'm', '-o', 'jsonpath={.data.a}')).toBe('2');
    expect(await kubectl('get', 'configmaps')).toMatch(/NAME\s+DATA\s+AGE\n[\s\S]*m\s+1/);
    expect(await kubectl('delete', 'configmap', 'm')).toContain('deleted');
    expect((await kubectl.attempt('get', 'configmap', 'm')).stderr).toContain('NotFound');
  });

  it('watches what other functions write', async () => {
    const args = ['--kubeconfig', cluster.kubeconfig, 'get', 'configmaps', '--watch-only', '-o', 'name'];
    const watch = spawn(tool('kubectl'), args);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk;
    });
    try {
      await eventually(60, async () => cluster.functions.read.environments > 0 && watch.pid !== undefined);
      await eventually(60, async () => {
        await kubectl('create', 'configmap', `w${Date.now()}`);
        return /configmap\/w\d+/.test(seen);
      });
    } finally {
      watch.kill();
    }
  });

  it('wakes the controllers: a Deployment becomes pods', async () => {
    await kubectl('create', 'deployment', 'web', '--image=zeroplane.local/web:1', '--replicas=3');
    await eventually(60, async () => {
      const names = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n');
      return names.length === 3 && names[0] !== '';
    });
    await kubectl('delete', 'deployment', 'web');
    await eventually(60, async () => (await kubectl('get', 'replicasets', '-o', 'name')).trim() === '');
  });

  it('refuses what needs an upgraded connection, and says what to do', async () => {
    await kubectl('run', 'p', '--image=zeroplane.local/web:1', '--overrides={"spec":{"nodeName":"far"}}');
    const { code, stderr } = await kubectl.attempt('exec', 'p', '--', 'true');
    expect(code).not.toBe(0);
    expect(stderr).toContain('which API Gateway does not carry');
    await kubectl('delete', 'pod', 'p', '--force', '--grace-period=0');
  });

  const clients = () => ({ kubectl, kubeconfig: cluster.kubeconfig });
  helmChart(clients);
  informer(clients);
  kubectlApply(() => kubectl);

  it('lets a list larger than a buffered answer through', async () => {
    const big = 'x'.repeat(900_000);
    for (let i = 0; i < 9; i++) {
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `big${i}` }, data: { [`k${i}`]: big + i } };
      await kubectl.input(JSON.stringify(map), 'create', '-f', '-');
    }
    const list = JSON.parse(await kubectl('get', 'configmaps', '-o', 'json'));
    expect(JSON.stringify(list).length).toBeGreaterThan(8_000_000);
  });
});
