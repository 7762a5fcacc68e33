import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';
import { claimMachineLogs } from './machine-logs.ts';

// With a real runtime, which writes the logs itself: what a collector of logs finds, in a directory that stands for /var/log.

const missing = await missingForContainers();

describe.skipIf(missing)(`logs of real pods${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let started: TestPods;
  let machine: string;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const start = async () => {
    const place = { dataDir: node.dataDir, own: path.join(node.dataDir, 'logs'), machine };
    const { logsDir, links } = await claimMachineLogs(place, log);
    started = await startTestPods(node, { logsDir, logLinks: links });
  };
  beforeAll(async () => {
    node = await startTestNode();
    machine = path.join(node.dataDir, 'var-log');
    await start();
  }, 180_000);
  afterAll(async () => {
    started?.stop();
    await node?.remove();
  }, 180_000);

  it('are where kubelet has them, one link a container, and go with the pod', async () => {
    const pod = podOn('logged', {
      containers: [scriptContainer('main', 'echo hello; sleep 1000'), scriptContainer('brief', 'echo again; exit 1')],
    });
    started.pods.apply([pod], true);
    const containers = path.join(machine, 'containers');
    const linked = async (container: string) =>
      (await fs.readdir(containers).catch(() => [])).filter((name) => name.startsWith(`logged_default_${container}-`));
    const file = path.join(machine, 'pods', 'default_logged_logged', 'main', '0.log');
    await expect
      .poll(() => fs.readFile(file, 'utf8').catch(() => ''), { timeout: 60_000 })
      .toMatch(/^\S+ stdout F hello$/m);
    await expect.poll(() => linked('main'), { timeout: 60_000 }).toHaveLength(1);
    const [name = ''] = await linked('main');
    // The status follows the container.
    const id = () =>
      started.statuses.get('logged')?.containerStatuses?.find((each) => each.name === 'main')?.containerID ?? '';
    await expect.poll(id, { timeout: 60_000 }).toMatch(/^containerd:/);
    expect(name).toBe(`logged_default_main-${id().replace('containerd://', '')}.log`);
    expect(await fs.realpath(path.join(containers, name))).toBe(await fs.realpath(file));
    // The one before and the newest of a container that is started again and again.
    await expect.poll(() => linked('brief'), { timeout: 60_000 }).toHaveLength(2);

    // A link that was lost is there again once the agent is.
    await fs.rm(path.join(containers, name));
    started.stop();
    await start();
    started.pods.apply([pod], true);
    await expect.poll(() => linked('main'), { timeout: 60_000 }).toEqual([name]);

    started.pods.apply([], true);
    await expect.poll(() => started.pods.all().length, { timeout: 60_000 }).toBe(0);
    expect(await fs.readdir(containers)).toEqual([]);
    expect(await fs.readdir(path.join(machine, 'pods'))).toEqual(['.zeroplane']);
  }, 120_000);
});
