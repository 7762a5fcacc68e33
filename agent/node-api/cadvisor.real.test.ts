import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readExposition, type Sample } from '../../core/metrics/testing.ts';
import { createCgroupSource } from '../platform/linux/cgroup-rows.ts';
import { createCgroupReader } from '../stats/cgroup-use.ts';
import { runningContainers } from '../stats/running-containers.ts';
import { busyboxImage, missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';
import { cadvisorMetrics } from './cadvisor-text.ts';
import type { NodeApiContext } from './context.ts';

// With real containers: what the kernel counts of them, read where the runtime made their cgroups.

const missing = await missingForContainers();

describe.skipIf(missing)(`what the node counts of real pods${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let started: TestPods;
  beforeAll(async () => {
    node = await startTestNode();
    started = await startTestPods(node);
  }, 180_000);
  afterAll(async () => {
    started?.stop();
    await node?.remove();
  }, 180_000);
  afterEach(async () => {
    started.pods.apply([], true);
    await expect.poll(() => started.pods.all().length, { timeout: 120_000 }).toBe(0);
  });

  const page = async () => {
    const context = {
      options: { nodeName: started.nodeName },
      runtime: node.containerd.runtime,
      pods: () => started.pods.all(),
      pauseImage: 'pause:1',
      startedAt: Date.now(),
      // as: of the context, this is read.
    } as unknown as NodeApiContext;
    const source = createCgroupSource({
      reader: createCgroupReader(),
      root: node.cgroupRoot,
      pod: (uid) => path.join(node.cgroupRoot, `pod${uid}`),
    });
    const rows = await source.rows(context, await runningContainers(context.runtime, started.nodeName));
    const filesystem = { device: '/dev/x', capacity: 1, available: 1, inodes: 1, inodesFree: 1 };
    return readExposition(cadvisorMetrics(rows, { cores: 1, memory: 1, swap: 0, filesystem }, new Map(), Date.now()));
  };
  const row = async (family: string, labels: Readonly<Record<string, string>>): Promise<Sample | undefined> =>
    (await page())
      .get(family)
      ?.samples.find((each) => Object.entries(labels).every(([name, value]) => each.labels[name] === value));
  const value = (family: string, labels: Readonly<Record<string, string>>) =>
    expect.poll(async () => (await row(family, labels))?.value ?? 0, { timeout: 120_000 });

  it('is CPU time, memory, throttling and network, of containers that run and of their sandbox', async () => {
    const resources = { limits: { cpu: '50m', memory: '64Mi' } };
    // The address of the bridge answers; what is sent there goes through eth0.
    const script = 'dd if=/dev/zero of=/dev/shm/used bs=1M count=20; ping -c 3 10.77.0.1; while true; do true; done';
    started.pods.apply(
      [
        podOn('busy', {
          containers: [scriptContainer('main', script, { resources }), scriptContainer('brief', 'exit 0')],
          restartPolicy: 'Never',
        }),
      ],
      true,
    );
    const main = { pod: 'busy', container: 'main' };
    await value('container_cpu_cfs_throttled_periods_total', main).toBeGreaterThan(2);
    await value('container_cpu_usage_seconds_total', main).toBeGreaterThan(0);
    await value('container_memory_usage_bytes', main).toBeGreaterThan(20 * 2 ** 20);
    await value('container_spec_memory_limit_bytes', main).toBe(64 * 2 ** 20);
    await value('container_network_transmit_packets_total', { pod: 'busy', interface: 'eth0' }).toBeGreaterThan(2);
    const sent = await row('container_network_transmit_packets_total', { pod: 'busy', interface: 'eth0' });
    expect(sent?.labels).toMatchObject({ container: '', image: 'pause:1', namespace: 'default' });
    expect(sent?.labels['name']).toMatch(/^[0-9a-f]{64}$/);
    expect((await row('container_memory_rss', main))?.labels).toMatchObject({ image: busyboxImage });
    // The pod as a whole has all of it.
    const whole = { pod: 'busy', container: '', name: '' };
    await value('container_memory_usage_bytes', whole).toBeGreaterThan(20 * 2 ** 20);
    expect((await row('container_memory_usage_bytes', whole))?.labels['id']).toBe(`${node.cgroupRoot}/podbusy`);
    await expect
      .poll(
        () => started.statuses.get('busy')?.containerStatuses?.find(({ name }) => name === 'brief')?.state?.terminated,
        { timeout: 120_000 },
      )
      .toBeDefined();
    expect(await row('container_memory_rss', { pod: 'busy', container: 'brief' })).toBeUndefined();
  }, 300_000);

  it('is how probes ended, while the pod is there', async () => {
    // On a busy machine a second is not enough to start a program.
    const probe = (command: string) => ({
      exec: { command: ['sh', '-c', command] },
      periodSeconds: 1,
      timeoutSeconds: 60,
    });
    started.pods.apply(
      [
        podOn('probed', {
          containers: [
            scriptContainer('main', 'sleep 1000', { readinessProbe: probe('false'), livenessProbe: probe('true') }),
          ],
        }),
      ],
      true,
    );
    const results = () =>
      started.probeMetrics
        .families()
        .find(({ name }) => name === 'prober_probe_total')
        ?.series.filter((each) => Number(each.value) > 1)
        .map(({ labels }) => labels);
    const of = (kind: string, result: string) =>
      `container="main",namespace="default",pod="probed",pod_uid="probed",probe_type="${kind}",result="${result}"`;
    await expect
      .poll(() => results()?.sort(), { timeout: 120_000 })
      .toEqual([of('Liveness', 'successful'), of('Readiness', 'failed')]);
    started.pods.apply([], true);
    await expect.poll(() => started.probeMetrics.families()[0]?.series, { timeout: 120_000 }).toEqual([]);
  }, 300_000);
});
