// `zeroplane cluster`: a cluster for a branch, from its creation to its end, with the real kubectl.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';
import { askRaw, createHosted, type HostedCluster, hostedFolders, isRunning } from '../tools/hosted-clusters.ts';

let plane: ControlPlane;
let main: HostedCluster;

beforeAll(async () => {
  plane = await planControlPlane();
  const { code, stderr } = await plane.up('--cluster-idle', '3s');
  expect(code, stderr).toBe(0);
});
afterAll(() => plane?.remove());

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } },
  },
};

/** kill -9, and up again. */
async function crash(): Promise<void> {
  const [pid] = readFileSync(join(plane.dataDir, 'run', 'control-plane.pid'), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGKILL');
  const { code, stderr } = await plane.up('--cluster-idle', '3s');
  expect(code, stderr).toBe(0);
}

it('is created, used as any cluster, and listed', async () => {
  main = await createHosted(plane, 'main');
  const { kubectl } = main;
  expect(await kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/kube-system');
  await kubectl.input(JSON.stringify(deployment), 'apply', '-f', '-');
  await eventually(60, async () => /web-\S+ +0\/1 +Pending/.test(await kubectl('get', 'pods')));
  await kubectl('create', 'secret', 'generic', 'password', '--from-literal=word=hush');
  await kubectl('create', 'serviceaccount', 'robot');
  const old = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name: 'robot', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
  };
  await kubectl.input(JSON.stringify(old), 'apply', '-f', '-');
  // A Service gets its ports and its endpoints from its cluster's own parts.
  await kubectl('expose', 'deployment', 'web', '--port=80', '--type=NodePort');
  expect(await kubectl('logs', 'deployment/web').catch((error: Error) => error.message)).toMatch(
    /pending|not.*scheduled|ContainerCreating|does not have a host/i,
  );
  const { stdout } = await plane.zeroplane('cluster', 'list');
  expect(stdout).toMatch(/^main +True +(?:Running|Idle) +[\d.]+ MB +never$/m);
  expect(await plane.kubectl('get', 'deployments', '-A', '-o', 'name')).toBe('');
});

it('begins with the objects of another one', async () => {
  const copy = await createHosted(plane, 'copy', '--from', 'main', '--ttl', '8h');
  const { kubectl } = copy;
  const ask = (...args: string[]) => Promise.all([main, copy].map((each) => each.kubectl('get', ...args)));
  expect(await kubectl('get', 'secret', 'password', '-o', 'jsonpath={.data.word}')).toBe(
    Buffer.from('hush').toString('base64'),
  );
  const [nodePort, same] = await ask('service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
  expect(nodePort).toBe(same);
  // What would open the other cluster is not in it.
  expect(await kubectl('get', 'secrets', '-o', 'name')).toBe('secret/password\n');
  const authority = ['configmap', 'kube-root-ca.crt', '-o', 'jsonpath={.data.ca\\.crt}'];
  await eventually(60, async () => (await kubectl.attempt('get', ...authority)).code === 0);
  const [theirs, own] = await ask(...authority);
  expect(own).not.toBe(theirs);
  // Its own controllers make its own pods.
  await eventually(60, async () => (await kubectl('get', 'pods', '-o', 'name')).split('\n').length === 3);
  await kubectl('delete', 'deployment', 'web');
  expect(await main.kubectl('get', 'deployment', 'web', '-o', 'name')).toBe('deployment.apps/web\n');
});

it('leaves memory when nobody uses it, and is back when somebody does', async () => {
  await eventually(
    120,
    async () =>
      !isRunning(main.dataDir) && /^main +True +Idle/m.test((await plane.zeroplane('cluster', 'list')).stdout),
  );
  expect(await main.kubectl('get', 'deployment', 'web', '-o', 'name')).toBe('deployment.apps/web\n');
  expect(isRunning(main.dataDir)).toBe(true);
});

it('wakes by itself when it has something to do', async () => {
  const { kubectl } = main;
  await kubectl('create', 'cronjob', 'tick', '--image=x', '--schedule=* * * * *');
  await eventually(150, async () => !isRunning(main.dataDir));
  // Without a request, for one would wake it.
  await eventually(120, async () => isRunning(main.dataDir));
  await eventually(60, async () => (await kubectl('get', 'jobs', '-o', 'name')).startsWith('job.batch/tick-'));
  await kubectl('delete', 'cronjob', 'tick');
});

it('survives its host in the middle of its creation, and does not survive it in the middle of its deletion', async () => {
  const cluster = {
    apiVersion: 'zeroplane.dev/v1',
    kind: 'Cluster',
    metadata: { name: 'branch' },
    spec: { from: 'main' },
  };
  await plane.kubectl.input(JSON.stringify(cluster), 'create', '-f', '-');
  await crash();
  await plane.kubectl('wait', '--for=condition=Ready', 'cluster/branch', '--timeout=120s');
  const { stdout } = await plane.zeroplane('cluster', 'kubeconfig', 'branch');
  expect(stdout).toContain('/clusters/branch');
  const uid = await plane.kubectl('get', 'cluster', 'branch', '-o', 'jsonpath={.metadata.uid}');
  await plane.kubectl('delete', 'cluster', 'branch', '--wait=false');
  await crash();
  await eventually(60, async () => !(await plane.kubectl('get', 'clusters', '-o', 'name')).includes('branch'));
  expect(hostedFolders(plane)).not.toContain(uid);
  // The others are as they were.
  expect(await main.kubectl('get', 'secret', 'password', '-o', 'name')).toBe('secret/password\n');
});

it('ends when its time is over, also while its host is down', async () => {
  const asked = (name: string, ttlSeconds: number) =>
    plane.kubectl.input(
      JSON.stringify({ apiVersion: 'zeroplane.dev/v1', kind: 'Cluster', metadata: { name }, spec: { ttlSeconds } }),
      ...['create', '-f', '-'],
    );
  const names = () => plane.kubectl('get', 'clusters', '-o', 'name');
  await asked('brief', 1);
  await eventually(60, async () => !(await names()).includes('brief'));
  const made = Date.now();
  const seconds = 40;
  await asked('soon', seconds);
  const { code } = await plane.zeroplane('cluster', 'kubeconfig', 'soon');
  expect(code).toBe(0);
  const uid = await plane.kubectl('get', 'cluster', 'soon', '-o', 'jsonpath={.metadata.uid}');
  await plane.down();
  expect(hostedFolders(plane)).toContain(uid);
  await eventually(seconds + 60, async () => Date.now() > made + (seconds + 1) * 1000);
  await plane.up('--cluster-idle', '3s');
  await eventually(60, async () => !(await names()).includes('soon'));
  expect(hostedFolders(plane)).not.toContain(uid);
});

it('is deleted with everything that was in it', async () => {
  const { code, stderr } = await plane.zeroplane('cluster', 'delete', 'main');
  expect(code, stderr).toBe(0);
  expect(hostedFolders(plane)).not.toContain(main.dataDir.split('/').at(-1));
  expect(isRunning(main.dataDir)).toBe(false);
  expect((await plane.zeroplane('cluster', 'delete', 'main')).stderr).toContain('"main" not found');
});

it('is woken a little by who shows none of its credentials, and kept awake by nobody such', async () => {
  const { dataDir, kubectl } = await createHosted(plane, 'sleeper');
  const look = async () => (await askRaw(plane, { path: '/clusters/sleeper/version' })).status;
  const asleep = () => eventually(60, async () => !isRunning(dataDir));
  await asleep();
  for (let times = 0; times < 3; times++) {
    expect(await look()).toBe(200);
    // Asked again and again meanwhile, it sleeps all the same: from then on that it is asleep is known by its being woken no more.
    if (times < 2) await asleep();
  }
  await eventually(60, async () => (await look()) === 429);
  expect(isRunning(dataDir)).toBe(false);
  expect((await askRaw(plane, { path: '/clusters/sleeper/version', token: 'no.such.token' })).status).toBe(429);
  expect(await kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/default');
  expect(await look()).toBe(200);
  await plane.kubectl('delete', 'cluster', 'sleeper');
});
