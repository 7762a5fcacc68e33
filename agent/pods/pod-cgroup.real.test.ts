import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCgroupReader } from '../stats/cgroup-use.ts';
import { missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';

// With real containers: what the kernel holds a pod and its containers to.

const missing = await missingForContainers();

describe.skipIf(missing)(`cgroups of real pods${missing ? ` (skipped: ${missing})` : ''}`, () => {
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

  const held = (memory: number, quota: number, shares: number) => ({
    ...{ memory, quota },
    steps: expect.toSatisfy((steps: number) => Math.abs(steps - shares / 27) <= 1.5),
  });
  const limitsOf = (cgroup: string) => {
    const use = createCgroupReader().use(path.join(node.cgroupRoot, cgroup));
    // Shares are told in steps of 27 where the kernel keeps weights (cgroup v2).
    return use && { memory: use.memory.limit / 2 ** 20, quota: use.cpu.quota, steps: Math.round(use.cpu.shares / 27) };
  };
  const idOf = (uid: string, container: string) => {
    const { initContainerStatuses = [], containerStatuses = [] } = started.statuses.get(uid) ?? {};
    const found = [...initContainerStatuses, ...containerStatuses].find(
      ({ name, state }) => name === container && state?.running,
    );
    return found?.containerID?.replace('containerd://', '');
  };
  const has = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } });

  it('have room for an init container beside a sidecar, and for the overhead, from before the first container on', async () => {
    started.pods.apply(
      [
        podOn('meets', {
          // As the admission of a RuntimeClass writes it.
          overhead: { cpu: '100m', memory: '16Mi' },
          initContainers: [
            { ...scriptContainer('proxy', 'sleep 1000', has('100m', '32Mi')), restartPolicy: 'Always' },
            scriptContainer('migrate', 'while ! test -f /dev/shm/go; do sleep 0.1; done', has('300m', '64Mi')),
          ],
          containers: [scriptContainer('main', 'sleep 1000', has('100m', '40Mi'))],
        }),
      ],
      true,
    );
    // The init container and the sidecar are more than the container and the sidecar.
    const whole = held(32 + 64 + 16, 50_000, 512);
    await expect.poll(() => idOf('meets', 'migrate'), { timeout: 120_000 }).toBeDefined();
    expect(limitsOf('podmeets')).toEqual(whole);
    const [proxy = '', migrate = ''] = [idOf('meets', 'proxy'), idOf('meets', 'migrate')];
    expect(limitsOf(`podmeets/${proxy}`)).toEqual(held(32, 10_000, 102));
    expect(limitsOf(`podmeets/${migrate}`)).toEqual(held(64, 30_000, 307));
    await node.containerd.runtime.execSync({ containerId: migrate, cmd: ['touch', '/dev/shm/go'], timeout: 60 });
    await expect.poll(() => idOf('meets', 'main'), { timeout: 120_000 }).toBeDefined();
    expect(limitsOf('podmeets')).toEqual(whole);
    expect(limitsOf(`podmeets/${idOf('meets', 'main')}`)).toEqual(held(40, 10_000, 102));
  }, 400_000);

  it('are bound by what is said of the whole pod, and so is a container that says nothing', async () => {
    started.pods.apply(
      [
        podOn('whole', {
          ...has('200m', '64Mi'),
          containers: [
            scriptContainer('open', 'sleep 1000'),
            scriptContainer('bound', 'sleep 1000', has('100m', '16Mi')),
          ],
        }),
      ],
      true,
    );
    await expect.poll(() => idOf('whole', 'open') && idOf('whole', 'bound'), { timeout: 120_000 }).toBeDefined();
    expect(limitsOf('podwhole')).toEqual(held(64, 20_000, 204));
    expect(limitsOf(`podwhole/${idOf('whole', 'open')}`)).toEqual(held(64, 20_000, 204));
    expect(limitsOf(`podwhole/${idOf('whole', 'bound')}`)).toEqual(held(16, 10_000, 102));
  }, 400_000);
});
