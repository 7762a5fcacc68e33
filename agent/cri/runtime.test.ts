import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopContainerd } from '../containerd/containerd.ts';
import type { TestNode } from '../test-node.ts';
import { busyboxImage, missingForContainers, startTestNode } from '../test-node.ts';
import { GrpcError, grpcCodes } from './grpc.ts';
import { containerStates } from './messages.ts';

const missing = await missingForContainers();

describe.skipIf(missing)(`the container runtime${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startTestNode();
  }, 60_000);
  afterAll(() => node?.remove(), 60_000);

  const sandbox = (uid: string) => ({
    metadata: { name: 'pod', namespace: 'default', uid, attempt: 0 },
    hostname: 'pod',
    logDirectory: path.join(node.dataDir, 'logs', uid),
    labels: { uid },
    linux: { cgroupParent: `${node.cgroupRoot}/pod${uid}` },
  });

  it('runs a container to its end, tells of it, and keeps its log', async () => {
    const { runtime } = node.containerd;
    const config = sandbox('one');
    await fs.mkdir(config.logDirectory, { recursive: true });
    const abort = new AbortController();
    const exited = new Set<string>();
    const watching = (async () => {
      for await (const event of runtime.events(abort.signal))
        if (event.kind === 'exited') exited.add(event.containerId);
    })();

    const { podSandboxId } = await runtime.runPodSandbox({ config });
    const status = await runtime.podSandboxStatus({ podSandboxId });
    expect(status.status?.network?.ip).toMatch(/^10\.77\.0\./);
    const { containerId } = await runtime.createContainer({
      podSandboxId,
      sandboxConfig: config,
      config: {
        metadata: { name: 'main' },
        image: { image: busyboxImage },
        command: ['sh', '-c', 'echo hello $WHO; exit 3'],
        envs: [{ key: 'WHO', value: 'world' }],
        logPath: 'main.log',
      },
    });
    await runtime.startContainer({ containerId });
    await expect.poll(() => exited.has(containerId), { timeout: 5000 }).toBe(true);
    await expect
      .poll(async () => (await runtime.containerStatus({ containerId })).status?.state, { timeout: 5000 })
      .toBe(containerStates.exited);
    const ended = (await runtime.containerStatus({ containerId })).status;
    expect(ended?.exitCode).toBe(3);
    expect(ended?.finishedAt).toBeGreaterThan(1_600_000_000_000_000_000n);
    expect(await fs.readFile(path.join(config.logDirectory, 'main.log'), 'utf8')).toMatch(/ stdout F hello world\n$/);

    abort.abort();
    await watching;
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
    expect((await runtime.listPodSandbox({ filter: { labelSelector: { uid: 'one' } } })).items).toEqual([]);
  });

  it('gives a failure the code that gRPC gave it', async () => {
    const failure = node.containerd.runtime.containerStatus({ containerId: 'none' });
    await expect(failure).rejects.toSatisfy((error) => error instanceof GrpcError && error.code === grpcCodes.notFound);
  });

  it('starts containerd again when it dies, with its containers running on', async () => {
    const { runtime } = node.containerd;
    const config = sandbox('two');
    await fs.mkdir(config.logDirectory, { recursive: true });
    const { podSandboxId } = await runtime.runPodSandbox({ config });
    const { containerId } = await runtime.createContainer({
      podSandboxId,
      sandboxConfig: config,
      config: {
        metadata: { name: 'main' },
        image: { image: busyboxImage },
        command: ['sleep', '600'],
        logPath: 'main.log',
      },
    });
    await runtime.startContainer({ containerId });
    const before = await runtime.containerStatus({ containerId });

    await stopContainerd(node.dataDir);
    await expect
      .poll(
        () =>
          runtime.containerStatus({ containerId }).then(
            ({ status }) => status?.state,
            () => undefined,
          ),
        {
          timeout: 10_000,
        },
      )
      .toBe(containerStates.running);
    const after = await runtime.containerStatus({ containerId });
    expect(after.status?.startedAt).toBe(before.status?.startedAt);
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
  });
});
