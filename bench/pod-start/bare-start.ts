// A sandbox and its containers, asked of a runtime by its own protocol, with what the agent says of the pod that is measured: what any agent
// would have to wait for.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeCgroups } from '../../agent/containerd/teardown.ts';
import { containerStates } from '../../agent/cri/messages.ts';
import { type ContainerRuntime, connectRuntime } from '../../agent/cri/runtime.ts';
import { createLinuxPodHost } from '../../agent/platform/linux/pod-host.ts';
import { asPod, type Pod, type PodContainer, podContainers } from '../../agent/pod/pod.ts';
import { containerConfig } from '../../agent/pods/container-config.ts';
import { podLogDirectory } from '../../agent/pods/pod-context.ts';
import { sandboxConfig } from '../../agent/pods/sandbox-config.ts';
import { testSecurity } from '../../agent/pods/test-pod.ts';
import { benchMountPath, benchPod, type PodKind } from './bench-pod.ts';

const cgroup = '/zeroplane-bench';
const nodeName = 'bench';
/** As `pacedRuntime` on two cores. */
const atOnce = 3;
const dns = { servers: ['10.96.0.10'], domain: 'cluster.local', host: { servers: [], searches: [], options: [] } };

export interface BareStart {
  readonly podSandboxId: string;
  /** Milliseconds, of all of it. */
  readonly took: number;
  /** Milliseconds by call, each named as the agent names it of a pod; of several containers, of all their calls together. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface BareStarts {
  /** Throws GrpcError. */
  start(name: string, kind: PodKind): Promise<BareStart>;
  /** Milliseconds for so many, as many at a time as the agent has in the runtime on two cores; they are gone when it resolves. */
  many(count: number): Promise<number>;
  remove(podSandboxId: string): Promise<void>;
  close(): Promise<void>;
}

/** `endpoint`: the runtime's socket. */
export function openBareStarts(endpoint: string): BareStarts {
  const runtime = connectRuntime(endpoint);
  const directory = mkdtempSync(join(tmpdir(), 'zpbare-'));
  const exits = followExits(runtime);
  const remove = async (podSandboxId: string) => {
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
  };
  let turn = 0;
  const one = (name: string, kind: PodKind) => start({ runtime, exits, directory }, name, kind);
  return {
    start: one,
    remove,
    async many(count) {
      turn += 1;
      const left = Array.from({ length: count }, (_, at) => `bare-${turn}-${at}`);
      const made: string[] = [];
      const began = performance.now();
      const work = async () => {
        for (let name = left.pop(); name !== undefined; name = left.pop())
          made.push((await one(name, 'plain')).podSandboxId);
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      const took = performance.now() - began;
      for (const each of made) await remove(each);
      return took;
    },
    async close() {
      exits.stop();
      runtime.close();
      await removeCgroups(cgroup);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Exits {
  /** Resolves when the runtime has told that the container ended. */
  of(containerId: string): Promise<void>;
  stop(): void;
}

function followExits(runtime: ContainerRuntime): Exits {
  const abort = new AbortController();
  const ended = new Set<string>();
  const waiting = new Map<string, () => void>();
  const follow = async () => {
    for await (const { containerId, kind } of runtime.events(abort.signal)) {
      if (kind !== 'exited') continue;
      ended.add(containerId);
      waiting.get(containerId)?.();
    }
  };
  follow().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return {
    of: (id) => (ended.has(id) ? Promise.resolve() : new Promise((resolve) => void waiting.set(id, resolve))),
    stop: () => abort.abort(),
  };
}

const host = createLinuxPodHost({ security: testSecurity(), capacity: { cpu: 2, memory: 2 ** 32 } });

interface BareParts {
  readonly runtime: ContainerRuntime;
  readonly exits: Exits;
  readonly directory: string;
}

async function start({ runtime, exits, directory }: BareParts, name: string, kind: PodKind): Promise<BareStart> {
  const made = { ...benchPod(name, kind), metadata: { name, uid: name, namespace: 'bench' } };
  const pod = asPod(made);
  if (!pod) throw new Error('the pod is complete');
  const logDirectory = podLogDirectory(directory, pod);
  mkdirSync(logDirectory);
  const containers = podContainers(pod).map((container) => ({
    container,
    mounts: makeMounts(directory, pod, container),
  }));
  const context = { nodeName, nodeHostname: nodeName, logDirectory, cgroupParent: `${cgroup}/${name}`, dns, host };
  const sandbox = sandboxConfig(pod, 0, context);
  const calls: Record<string, number> = {};
  const timed = async <T>(call: string, work: Promise<T>): Promise<T> => {
    const began = performance.now();
    const answer = await work;
    calls[call] = (calls[call] ?? 0) + performance.now() - began;
    return answer;
  };
  const began = performance.now();
  const { podSandboxId } = await timed('RunPodSandbox', runtime.runPodSandbox({ config: sandbox }));
  for (const { container, mounts } of containers) {
    const creation = runtime.createContainer({
      podSandboxId,
      config: containerConfig(pod, container, {
        attempt: 0,
        quickRestarts: 0,
        imageRef: container.spec.image ?? '',
        imageUser: { uid: undefined, username: '' },
        environment: new Map(),
        mounts,
        devices: [],
        host,
        nodeName,
      }),
      sandboxConfig: sandbox,
    });
    const { containerId } = await timed('CreateContainer', creation);
    await timed('StartContainer', runtime.startContainer({ containerId }));
    if (container.kind === 'init') await timed('exit', untilExited(runtime, exits, containerId));
  }
  return { podSandboxId, took: performance.now() - began, calls };
}

/** What the agent mounts of its own, and a directory for each volume. */
function makeMounts(directory: string, { metadata }: Pod, { name, spec }: PodContainer) {
  const at = (what: string) => join(directory, `${metadata.name}-${name}-${what}`);
  for (const file of [at('message'), at('hosts')]) writeFileSync(file, '');
  const volumes = [
    { containerPath: '/var/run/secrets/kubernetes.io/serviceaccount', hostPath: at('account'), readonly: true },
    ...(spec.volumeMounts ? [{ containerPath: benchMountPath, hostPath: at('volume'), readonly: false }] : []),
  ];
  for (const { hostPath } of volumes) mkdirSync(hostPath);
  return [
    ...volumes,
    { containerPath: '/dev/termination-log', hostPath: at('message'), readonly: false },
    { containerPath: '/etc/hosts', hostPath: at('hosts'), readonly: false },
  ];
}

/** Its exit code is known then: nothing may be started after it before. */
async function untilExited(runtime: ContainerRuntime, exits: Exits, containerId: string): Promise<void> {
  await exits.of(containerId);
  while ((await runtime.containerStatus({ containerId })).status?.state !== containerStates.exited) await delay(1);
}
