// A runtime of which nothing is there but CRI: containerd behind a view that refuses everything else, under CRI-O's name.

import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adoptRuntime } from '../platform/linux/runtime.ts';
import type { Pod } from '../pod/pod.ts';
import { busyboxImage, missingForContainers, startTestNode, type TestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';
import { type CriProxy, serveCriAlone } from './cri-proxy.ts';
import type { OpenRuntime } from './open-runtime.ts';

const missing = await missingForContainers();

describe.skipIf(missing)(`a runtime with CRI alone${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let proxy: CriProxy;
  let opened: OpenRuntime;
  let started: TestPods;
  let desired: Pod[] = [];

  beforeAll(async () => {
    node = await startTestNode();
    const socket = path.join(node.dataDir, 'crio.sock');
    proxy = await serveCriAlone(node.containerd.endpoint, socket, 'cri-o');
    opened = await adoptRuntime(`unix://${socket}`);
    started = await startTestPods(node, {}, opened);
  }, 60_000);
  afterAll(async () => {
    started?.stop();
    opened?.release();
    await proxy?.close();
    await node?.remove();
  }, 60_000);

  const run = (...added: Pod[]) => {
    desired = [...desired, ...added];
    started.pods.apply(desired, true);
  };
  const status = (uid: string) => started.statuses.get(uid);
  const app = (uid: string) => status(uid)?.containerStatuses?.[0];

  it('is known by its own name, and runs pods whose containers it names by it', async () => {
    expect(opened.version.runtimeName).toBe('cri-o');
    run(podOn('runs', { containers: [scriptContainer('main', 'echo said; sleep 1000')] }));
    await expect.poll(() => status('runs')?.phase).toBe('Running');
    expect(app('runs')?.containerID).toMatch(/^cri-o:\/\/[0-9a-f]{64}$/);
    const log = path.join(started.logsDir, 'default_runs_runs', 'main', '0.log');
    await expect.poll(() => fs.readFile(log, 'utf8')).toMatch(/ stdout F said\n$/);
  });

  it('is looked at where it tells nothing: an end is seen, and the container starts again', async () => {
    run(podOn('ends', { containers: [scriptContainer('main', 'test -e /pods/x || exit 3')] }));
    await expect.poll(() => app('ends')?.lastState?.terminated?.exitCode).toBe(3);
    await expect.poll(() => app('ends')?.restartCount ?? 0).toBeGreaterThan(0);
    expect(app('ends')?.lastState?.terminated?.containerID).toMatch(/^cri-o:/);
  });

  it('answers commands and figures, and what it cannot give is refused with the reason', async () => {
    const containerId = app('runs')?.containerID?.replace('cri-o://', '') ?? '';
    const { stdout } = await opened.runtime.execSync({ containerId, cmd: ['echo', 'hello'], timeout: 10 });
    expect(Buffer.from(stdout).toString()).toBe('hello\n');
    const { stats } = await opened.runtime.listContainerStats({ filter: { id: containerId } });
    expect(stats[0]?.memory?.workingSetBytes?.value).toBeGreaterThan(0);
    const mounts = { volumeMounts: [{ name: 'files', mountPath: '/files' }] };
    run(
      podOn('files', {
        containers: [scriptContainer('main', 'sleep 1000', mounts)],
        volumes: [{ name: 'files', image: { reference: busyboxImage, pullPolicy: 'IfNotPresent' } }],
      }),
    );
    await expect
      .poll(() => started.events.find(({ pod, reason }) => pod === 'files' && reason === 'FailedMount')?.message)
      .toContain('volume "files" is an image, whose files this node\'s runtime does not give without a container');
  });

  it('ends pods, and was asked for nothing that is not of CRI but to see what it has', async () => {
    desired = [];
    started.pods.apply([], true);
    await expect.poll(() => started.pods.all().length).toBe(0);
    expect([...proxy.refused]).toEqual(['/runtime.v1.RuntimeService/GetContainerEvents']);
    expect(proxy.served.size).toBeGreaterThan(10);
  });
});
