import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupUses } from '../platform/linux/cgroup-uses.ts';
import { linuxMachine } from '../platform/linux/machine.ts';
import { observeNode } from '../platform/linux/observe-node.ts';
import { createCgroupReader } from '../stats/cgroup-use.ts';
import { missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';
import { createEviction, type Eviction } from './eviction.ts';
import { parseThresholds } from './thresholds.ts';

// With real containers, that really write and really take memory; what the node has left is said to be too little by its thresholds.

const missing = await missingForContainers();

describe.skipIf(missing)(`eviction of real pods${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let started: TestPods;
  let thresholds = '';
  beforeAll(async () => {
    node = await startTestNode();
    started = await startTestPods(node);
  }, 180_000);
  afterAll(async () => {
    started?.stop();
    await node?.remove();
  }, 180_000);

  const eviction = (): Eviction =>
    createEviction({
      thresholds: parseThresholds(thresholds),
      observe: () => observeNode(node.dataDir),
      measure: {
        runtime: node.containerd.runtime,
        nodeName: started.nodeName,
        podsDir: path.join(node.dataDir, 'pods'),
        logsDir: started.logsDir,
        podUses: cgroupUses({ reader: createCgroupReader(), pod: (uid) => path.join(node.cgroupRoot, `pod${uid}`) }),
        sizesOf: linuxMachine.sizesOf,
      },
      pods: () => started.pods.all(),
      reclaimDisk: async () => undefined,
      event: () => undefined,
      onPressure: () => undefined,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      now: Date.now,
    });
  const status = (uid: string) => started.statuses.get(uid);
  const wait = { timeout: 120_000 };
  const end = async () => {
    started.pods.apply([], true);
    await expect.poll(() => started.pods.all().length, wait).toBe(0);
  };

  it('ends who writes more to an emptyDir, a container or a log than it may, and nobody else', async () => {
    const scratch = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] };
    const limit = { resources: { limits: { 'ephemeral-storage': '4Mi' } } };
    const volumes = [{ name: 'scratch', emptyDir: { sizeLimit: '4Mi' } }];
    const writes = (to: string, mebibytes: number) => `dd if=/dev/zero of=${to} bs=1M count=${mebibytes}; sleep 1000`;
    const [volume, layer, log, fine] = ['volume', 'layer', 'log', 'fine'];
    started.pods.apply(
      [
        podOn(volume, { containers: [scriptContainer('main', writes('/scratch/file', 8), scratch)], volumes }),
        podOn(layer, { containers: [scriptContainer('main', writes('/file', 8), limit)] }),
        podOn(log, { containers: [scriptContainer('main', 'yes 0123456789 | head -c 8000000; sleep 1000', limit)] }),
        podOn(fine, {
          containers: [scriptContainer('main', writes('/scratch/file', 1), { ...scratch, ...limit })],
          volumes,
        }),
      ],
      true,
    );
    await expect
      .poll(() => [volume, layer, log, fine].map((each) => status(each)?.phase), wait)
      .not.toContain('Pending');
    const node = eviction();
    for (const each of [volume, layer, log])
      await expect
        .poll(async () => {
          await node.look();
          return [status(each)?.phase, status(each)?.reason];
        }, wait)
        .toEqual(['Failed', 'Evicted']);
    expect(status(volume)?.message).toBe('Usage of EmptyDir volume "scratch" exceeds the limit "4Mi". ');
    expect(status(layer)?.message).toContain('exceeds the total limit of containers 4Mi');
    expect(status(fine)?.phase).toBe('Running');
    await end();
  }, 400_000);

  it('ends who has the most memory above what it asked for, when the node has too little', async () => {
    const holds = (mebibytes: number) => `dd if=/dev/zero of=/dev/shm/file bs=1M count=${mebibytes}; sleep 1000`;
    const asks = { resources: { requests: { memory: '64Mi' } } };
    started.pods.apply(
      [
        podOn('much', { containers: [scriptContainer('main', holds(40))] }),
        podOn('little', { containers: [scriptContainer('main', holds(4))] }),
        podOn('asked', { containers: [scriptContainer('main', holds(40), asks)] }),
      ],
      true,
    );
    const memory = (uid: string) =>
      createCgroupReader().use(path.join(node.cgroupRoot, `pod${uid}`))?.memory.workingSet ?? 0;
    await expect.poll(() => Math.min(memory('much'), memory('asked')), wait).toBeGreaterThan(40 * 2 ** 20);
    await expect.poll(() => memory('little'), wait).toBeGreaterThan(4 * 2 ** 20);
    thresholds = 'memory.available<100%';
    const node_ = eviction();
    await node_.look();
    await expect.poll(() => status('much')?.phase, wait).toBe('Failed');
    expect(status('much')).toMatchObject({ reason: 'Evicted' });
    expect(status('much')?.message).toContain('The node was low on resource: memory. Threshold quantity: ');
    expect(status('much')?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    expect([status('little')?.phase, status('asked')?.phase]).toEqual(['Running', 'Running']);
    expect(node_.refusal(podOn('new', { containers: [scriptContainer('main', 'true')] }))).toContain('MemoryPressure');
    await node_.look();
    await expect.poll(() => status('little')?.phase, wait).toBe('Failed');
    expect(status('asked')?.phase).toBe('Running');
    await end();
    expect(await fs.readdir(path.join(node.dataDir, 'pods'))).toEqual([]);
  }, 400_000);
});
