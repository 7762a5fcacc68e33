import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packUsage } from '../../core/node/usage.ts';
import { openTestRegistry, type TestRegistry } from '../../core/registry/testing.ts';
import type { ReadApi } from './read-api.ts';
import { createMetricsReader } from './read-metrics.ts';

let t: TestRegistry;
let now: number;
let reads: number;
let read: ReadApi;
const path = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';

beforeEach(async () => {
  t = await openTestRegistry();
  now = Date.parse('2026-01-02T03:04:05Z');
  reads = 0;
  const { heartbeats } = t.store;
  const counted = {
    usages: () => {
      reads++;
      return heartbeats.usages();
    },
  };
  read = createMetricsReader({ heartbeats: counted, replicas: t.replicas, now: () => now });
  for (const [name, app, namespace] of [
    ['web', 'web', 'default'],
    ['db', 'db', 'default'],
    ['web', 'web', 'other'],
  ] as const) {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app } },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
    };
    const bytes = Buffer.from(JSON.stringify(pod));
    await t.store.commit([{ op: 'put', type: 'pods', name: `${namespace}/${name}`, expect: 0, value: { bytes } }]);
  }
  const containers = [{ name: 'c', cpu: 50e6, memory: 16 * 1024 * 1024 }];
  const pods = ['web', 'db'].map((name) => ({ namespace: 'default', name, containers }));
  const usage = { time: new Date(now).toISOString(), windowSeconds: 75, node: { cpu: 1e9, memory: 1e9 }, pods };
  await heartbeats.beat('n1', now, packUsage(usage, now));
});
afterEach(() => t.close());

describe('what autoscalers read without an API server', () => {
  it('is the PodMetrics of a namespace, by label', async () => {
    expect(await read(path, { labelSelector: 'app=web' })).toMatchObject({
      kind: 'PodMetricsList',
      items: [{ metadata: { name: 'web' }, window: '75s', containers: [{ name: 'c', usage: { cpu: '50000000n' } }] }],
    });
    expect(await read(path, {})).toMatchObject({
      items: [{ metadata: { name: 'db' } }, { metadata: { name: 'web' } }],
    });
  });

  it('is read once for all who look at the same time', async () => {
    await Promise.all([read(path, {}), read(path, {}), read(path.replace('default', 'other'), {})]);
    expect(reads).toBe(1);
    now += 15_000;
    await read(path, {});
    expect(reads).toBe(2);
  });

  it('is nothing when the node was not heard for long', async () => {
    now += 5 * 60_000;
    expect(await read(path, {})).toMatchObject({ items: [] });
  });

  it('says why there are no custom and external metrics', async () => {
    for (const group of ['custom.metrics.k8s.io/v1beta2', 'external.metrics.k8s.io/v1beta1'])
      await expect(read(`/apis/${group}/namespaces/default/x`, {})).rejects.toMatchObject({ code: 501 });
    await expect(read('/apis/metrics.k8s.io/v1beta1/nodes', {})).rejects.toMatchObject({ code: 404 });
  });
});
