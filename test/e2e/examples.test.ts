// Every manifest under examples/ does what its comment says, with the images that `npm run images` builds.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { loadExampleImage } from '../tools/images.ts';

const examples = join(import.meta.dirname, '../../examples');

describe.skipIf(process.getuid?.() !== 0)('examples (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e6', '10.210.6');
    for (const name of ['node:24', 'nginx:1', 'redis:7']) await loadExampleImage(cluster, `zeroplane.local/${name}`);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const apply = (name: string) => cluster.kubectl('apply', '-f', join(examples, name));
  const rolledOut = (name: string) => cluster.kubectl('rollout', 'status', name, '--timeout=120s');
  const fetch = async (url: string) => (await cluster.host.run('/bin/busybox', 'wget', '-q', '-O', '-', url)).stdout;

  it('are all here', () => {
    // web.yaml is the subject of the newcomer's test, and pipelines in ci/ of test/cli.
    expect(
      readdirSync(examples)
        .filter((name) => name.endsWith('.yaml'))
        .sort(),
    ).toEqual(['cronjob', 'job', 'nginx', 'node', 'redis', 'statefulset', 'web'].map((name) => `${name}.yaml`));
  });

  it('job.yaml computes squares', async () => {
    await apply('job.yaml');
    await cluster.kubectl('wait', '--for=condition=complete', 'job/squares', '--timeout=120s');
    const logs = await cluster.kubectl('logs', '-l', 'job-name=squares');
    expect(logs.trim().split('\n').sort()).toEqual([0, 1, 2, 3].map((n) => `${n} squared is ${n * n}`));
  });

  it('cronjob.yaml has a template that runs', async () => {
    await apply('cronjob.yaml');
    await cluster.kubectl('create', 'job', 'now', '--from=cronjob/clock');
    await cluster.kubectl('wait', '--for=condition=complete', 'job/now', '--timeout=120s');
    expect(await cluster.kubectl('logs', 'job/now')).toMatch(/UTC \d{4}/);
    await cluster.kubectl('delete', 'cronjob', 'clock');
  });

  it('statefulset.yaml keeps its diary when a pod is replaced', async () => {
    await apply('statefulset.yaml');
    await rolledOut('statefulset/diary');
    await cluster.kubectl('delete', 'pod', 'diary-0');
    await rolledOut('statefulset/diary');
    const diary = await cluster.kubectl('exec', 'diary-0', '--', 'cat', '/data/diary');
    expect(diary.match(/^diary-0 started at/gm)).toHaveLength(2);
  });

  it('redis.yaml serves clients, and keeps its data', async () => {
    await apply('redis.yaml');
    await rolledOut('deployment/redis');
    const redis = (...args: string[]) =>
      cluster.kubectl('exec', 'deployment/redis', '--', '/usr/bin/redis-cli', '-h', 'redis', ...args);
    expect(await eventually(60, () => redis('set', 'greeting', 'hello'))).toBe('OK\n');
    await cluster.kubectl('rollout', 'restart', 'deployment/redis');
    await rolledOut('deployment/redis');
    await eventually(60, async () => (await redis('get', 'greeting')) === 'hello\n');
  });

  it('node.yaml answers, and nginx.yaml stands before it', async () => {
    await apply('node.yaml');
    await rolledOut('deployment/node');
    await apply('nginx.yaml');
    await rolledOut('deployment/nginx');
    const url = `http://${cluster.host.address}:30081/`;
    await eventually(60, async () => /^Hello from node-\S+ on \S+\n$/.test(await fetch(url)));
    expect(await fetch(`${url}healthz`)).toBe('ok\n');
  });
});
