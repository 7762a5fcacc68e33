import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';

// With a real runtime: each step of a start that fails is tried again after 10 to 15 s, not before.

const missing = await missingForContainers();

describe.skipIf(missing)(`steps that fail${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let started: TestPods;
  let networkFailure: string | undefined;
  beforeAll(async () => {
    node = await startTestNode();
    started = await startTestPods(node, { networkFailure: () => networkFailure });
  }, 180_000);
  afterAll(async () => {
    started?.stop();
    await node?.remove();
  }, 180_000);
  afterEach(async () => {
    networkFailure = undefined;
    started.pods.apply([], true);
    await expect.poll(() => started.pods.all().length, { timeout: 60_000 }).toBe(0);
  });

  const attempts = (pod: string, reason: string, text = '') =>
    started.events.filter((each) => each.pod === pod && each.reason === reason && each.message.includes(text));

  it('wait 10 s and more: sandboxes, volumes, images, containers', async () => {
    const sleeps = scriptContainer('main', 'sleep 1000');
    const mounted = { ...sleeps, volumeMounts: [{ name: 'files', mountPath: '/files' }] };
    const told = [
      ['sandbox', 'FailedCreatePodSandBox', 'absent'],
      ['volume', 'FailedMount', 'absent'],
      ['image', 'Failed', 'failed to pull image'],
      ['start', 'Failed', '/absent'],
      ['config', 'Failed', 'absent'],
    ] as const;
    started.pods.apply(
      [
        podOn('sandbox', { containers: [sleeps], runtimeClassName: 'absent' }),
        podOn('volume', { containers: [mounted], volumes: [{ name: 'files', configMap: { name: 'absent' } }] }),
        podOn('image', { containers: [{ ...sleeps, image: '127.0.0.1:1/absent:1' }] }),
        podOn('start', { containers: [{ ...sleeps, command: ['/absent'] }] }),
        podOn('config', { containers: [{ ...sleeps, envFrom: [{ configMapRef: { name: 'absent' } }] }] }),
      ],
      true,
    );
    const counts = () => told.map(([pod, reason, text]) => attempts(pod, reason, text).length);
    await expect.poll(() => Math.min(...counts()), { timeout: 60_000 }).toBe(2);
    for (const [pod, reason, text] of told) {
      const [first, second] = attempts(pod, reason, text);
      expect((second?.at ?? 0) - (first?.at ?? 0), pod).toBeGreaterThanOrEqual(9990);
    }
  }, 120_000);

  it('are tried at once when what they wait for is there: a ConfigMap, the network', async () => {
    const mounted = scriptContainer('main', 'sleep 1000', { volumeMounts: [{ name: 'files', mountPath: '/files' }] });
    networkFailure = 'it has no podCIDR';
    started.pods.apply(
      [
        podOn('waits', { containers: [mounted], volumes: [{ name: 'files', configMap: { name: 'later' } }] }),
        podOn('host', { containers: [scriptContainer('main', 'sleep 1000')], hostNetwork: true }),
      ],
      true,
    );
    await expect.poll(() => attempts('waits', 'NetworkNotReady').length, { timeout: 60_000 }).toBe(1);
    await expect.poll(() => started.statuses.get('host')?.phase, { timeout: 60_000 }).toBe('Running');
    networkFailure = undefined;
    started.pods.changed('network');
    await expect.poll(() => attempts('waits', 'FailedMount').length, { timeout: 60_000 }).toBe(1);
    started.configMaps.set('later', { metadata: { name: 'later' }, data: {} });
    started.pods.changed('objects');
    await expect.poll(() => started.statuses.get('waits')?.phase, { timeout: 60_000 }).toBe('Running');
    expect(attempts('waits', 'NetworkNotReady')).toHaveLength(1);
  }, 120_000);
});
