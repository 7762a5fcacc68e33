// Clusters that one deployment hosts: made, used, listed and deleted by the command line and kubectl, through API Gateway. About a minute.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { askRaw } from '../tools/hosted-clusters.ts';
import { type Kubectl, kubectlFor, runTool, tool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const program = join(import.meta.dirname, '../../cli/main.ts');

describe('clusters hosted on AWS', { timeout: 180_000 }, () => {
  let aws: AwsCluster;
  let host: Kubectl;
  let one: Kubectl;
  let file: string;
  let before: readonly unknown[];

  const zeroplane = (...words: string[]) =>
    runTool(process.execPath, [program, 'cluster', ...words, '--kubeconfig', aws.kubeconfig]);
  const hostedKeys = () => aws.dynamo.sizes().filter(({ partition }) => partition.startsWith('hosted/'));
  const clusters = () => host('get', 'clusters', '-o', 'name');

  beforeAll(async () => {
    const env = { ZEROPLANE_CLUSTERS: '3', ZEROPLANE_CLUSTER_BYTES: '2000000' };
    aws = await startAwsCluster({ streamDelayMs: 200, env });
    host = kubectlFor(aws.kubeconfig);
    await eventually(120, async () => (await host.attempt('get', 'namespaces')).code === 0);
    before = hostedKeys();
    file = join(aws.folder, 'one.kubeconfig');
    const { code, stderr } = await zeroplane('create', 'one', '--file', file);
    expect(code, stderr).toBe(0);
    one = kubectlFor(file);
  }, 300_000);
  afterAll(() => aws?.stop());

  it('are used as any cluster', async () => {
    expect(before).toEqual([]);
    expect(await one('get', 'namespaces', '-o', 'name')).toContain('namespace/kube-system');
    expect(await one('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('kubernetes-admin');
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: '1' } };
    await one.input(JSON.stringify(map), 'apply', '-f', '-');
    expect(await one.input(JSON.stringify({ ...map, data: { a: '2' } }), 'apply', '-f', '-')).toContain('configured');
    expect(await one('get', 'configmap', 'm', '-o', 'jsonpath={.data.a}')).toBe('2');
    // Nothing of it is its host's.
    expect((await host.attempt('get', 'configmap', 'm')).stderr).toContain('NotFound');
    expect((await zeroplane('list')).stdout).toMatch(/^one +True +- +[\d.]+ MB +never$/m);
  });

  it('have controllers: a Deployment becomes pods, accounts get tokens, a namespace goes with all in it', async () => {
    await one('create', 'deployment', 'web', '--image=zeroplane.local/web:1', '--replicas=2');
    await one('create', 'namespace', 'brief');
    await one('create', 'configmap', 'inside', '-n', 'brief');
    await eventually(60, async () => (await one('get', 'pods', '-o', 'name')).trim().split('\n').length === 2);
    await eventually(60, async () => (await one.attempt('get', 'serviceaccount', 'default', '-n', 'brief')).code === 0);
    expect((await one('create', 'token', 'default')).split('.')).toHaveLength(3);
    await one('delete', 'namespace', 'brief', '--timeout=60s');
    await one('delete', 'deployment', 'web');
    await eventually(60, async () => (await one('get', 'pods', '-o', 'name')).trim() === '');
    expect(await host('get', 'pods', '-A', '-o', 'name')).toBe('');
  });

  it('have what controllers make of their first objects, before anybody writes', async () => {
    await host.input(
      JSON.stringify({ apiVersion: 'zeroplane.dev/v1', kind: 'Cluster', metadata: { name: 'silent' } }),
      ...['create', '-f', '-'],
    );
    await host('wait', '--for=condition=Ready', 'cluster/silent', '--timeout=120s');
    const { stdout } = await zeroplane('kubeconfig', 'silent');
    writeFileSync(join(aws.folder, 'silent'), stdout, { mode: 0o600 });
    const silent = kubectlFor(join(aws.folder, 'silent'));
    await eventually(60, async () => (await silent.attempt('get', 'serviceaccount', 'default')).code === 0);
  });

  it('leave nothing, however their objects go', async () => {
    const uid = await host('get', 'cluster', 'silent', '-o', 'jsonpath={.metadata.uid}');
    const parts = () => hostedKeys().filter(({ partition }) => partition.includes(uid)).length;
    expect(parts()).toBeGreaterThan(100);
    await host('patch', 'cluster', 'silent', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await host('delete', 'cluster', 'silent');
    // As the schedule does.
    await aws.functions.hosting.invoke({ resync: true, housekeeping: true });
    await eventually(60, async () => parts() === 0);
  });

  it('tell watchers what changes, and serve types of their own', async () => {
    const names = { plural: 'things', singular: 'thing', kind: 'Thing' };
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const crd = {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: 'things.example.com' },
      spec: {
        ...{ group: 'example.com', names, scope: 'Namespaced' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    await one.input(JSON.stringify(crd), 'create', '-f', '-');
    await one('wait', '--for=condition=Established', 'crd/things.example.com', '--timeout=60s');
    const watch = spawn(tool('kubectl'), ['--kubeconfig', file, 'get', 'configmaps', '--watch-only', '-o', 'name']);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk;
    });
    try {
      await eventually(90, async () => {
        await one('create', 'configmap', `w${Date.now()}`);
        return /configmap\/w\d+/.test(seen);
      });
    } finally {
      watch.kill();
    }
    expect((await host.attempt('get', 'things.example.com')).stderr).toContain("doesn't have a resource type");
  });

  it('take no nodes, and say so', async () => {
    const { token } = readToken(await one('config', 'view', '--raw', '-o', 'json'));
    for (const path of ['/apis/agent.zeroplane.dev/v1/nodes/n1/join', '/install-agent']) {
      const { status, text } = await askRaw(
        { url: aws.gateway.url, caCertificate: readFileSync(aws.caFile, 'utf8') },
        { path: `/prod/clusters/one${path}`, token, method: 'POST' },
      );
      expect(status).toBe(501);
      expect(text).toContain('takes no nodes');
    }
  });

  it('hold what they may and no more, and make room by deleting', async () => {
    const many = Array.from({ length: 12 }, (_, at) => ({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'a'.repeat(200_000) } },
      metadata: { name: `many-${at}`, labels: { many: 'yes' } },
    }));
    const made = await runTool(
      tool('kubectl'),
      ['--kubeconfig', file, 'create', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: many }),
    );
    expect(made.stderr).toMatch(/exceeded quota: this cluster's store holds the 2000000 bytes or 10000 objects/);
    await one('delete', 'configmaps', '-l', 'many=yes', '--wait=false');
    await eventually(60, async () => (await one.attempt('create', 'configmap', `room-${Date.now()}`)).code === 0);
    // Who fills one has not filled another, nor the host.
    await host('create', 'configmap', 'of-the-host');
  });

  it('are as many as there may be, under names that are names', async () => {
    for (const name of ['two', 'three']) {
      const { code, stderr } = await zeroplane('create', name, '--file', join(aws.folder, name));
      expect(code, stderr).toBe(0);
    }
    await host('delete', 'cluster', 'three', '--timeout=120s');
    const copy = await zeroplane('create', 'copy', '--from', 'one', '--file', join(aws.folder, 'copy'));
    expect(copy.stderr).toContain('clusters that are hosted on AWS begin with no objects of others');
    expect((await zeroplane('create', 'three', '--file', join(aws.folder, 'three'))).code).toBe(0);
    const { stderr } = await zeroplane('create', 'four', '--file', join(aws.folder, 'four'));
    expect(stderr).toContain('3 clusters are hosted here, and there may be 3');
    const wrong = { apiVersion: 'zeroplane.dev/v1', kind: 'Cluster', metadata: { name: 'a.b' } };
    expect(
      (await runTool(tool('kubectl'), ['--kubeconfig', aws.kubeconfig, 'create', '-f', '-'], JSON.stringify(wrong)))
        .stderr,
    ).toContain('metadata.name');
    await host('delete', 'clusters', 'two', 'three', '--timeout=120s');
  });

  it('end when their time is over, and are gone with everything that was in them', async () => {
    const brief = {
      apiVersion: 'zeroplane.dev/v1',
      kind: 'Cluster',
      metadata: { name: 'brief' },
      spec: { ttlSeconds: 3 },
    };
    await host.input(JSON.stringify(brief), 'create', '-f', '-');
    await eventually(120, async () => !(await clusters()).includes('brief'));
    const deleted = await zeroplane('delete', 'one');
    expect(deleted.code, deleted.stderr).toBe(0);
    expect((await one.attempt('get', 'namespaces')).stderr).toContain('not found');
    await eventually(60, async () => hostedKeys().length === 0);
    // One of the same name begins with nothing, and what opened the other does not open it.
    expect((await zeroplane('create', 'one', '--file', `${file}.new`)).code).toBe(0);
    expect((await one.attempt('get', 'namespaces')).code).not.toBe(0);
    expect(await kubectlFor(`${file}.new`)('get', 'configmaps', '-o', 'name')).not.toContain('room-');
  });
});

function readToken(config: string): { token: string } {
  return JSON.parse(config).users[0].user;
}
