// A sandbox and a container, asked of a runtime by its own protocol, with what the agent says of the pod that is measured: what any agent
// would have to wait for.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCgroups } from '../../agent/containerd/teardown.ts';
import { type ContainerRuntime, connectRuntime } from '../../agent/cri/runtime.ts';
import { createLinuxPodHost } from '../../agent/platform/linux/pod-host.ts';
import { asPod, podContainers } from '../../agent/pod/pod.ts';
import { containerConfig } from '../../agent/pods/container-config.ts';
import { podLogDirectory } from '../../agent/pods/pod-context.ts';
import { sandboxConfig } from '../../agent/pods/sandbox-config.ts';
import { testSecurity } from '../../agent/pods/test-pod.ts';
import { benchPod } from './bench-pod.ts';

const cgroup = '/zeroplane-bench';
const nodeName = 'bench';
/** As `pacedRuntime` on two cores. */
const atOnce = 3;
const dns = { servers: ['10.96.0.10'], domain: 'cluster.local', host: { servers: [], searches: [], options: [] } };

export interface BareStart {
  readonly podSandboxId: string;
  /** Milliseconds by call, each named as the agent names it of a pod. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface BareStarts {
  /** Throws GrpcError. */
  start(name: string): Promise<BareStart>;
  /** Milliseconds for so many, as many at a time as the agent has in the runtime on two cores; they are gone when it resolves. */
  many(count: number): Promise<number>;
  remove(podSandboxId: string): Promise<void>;
  close(): Promise<void>;
}

/** `endpoint`: the runtime's socket. */
export function openBareStarts(endpoint: string): BareStarts {
  const runtime = connectRuntime(endpoint);
  const directory = mkdtempSync(join(tmpdir(), 'zpbare-'));
  const remove = async (podSandboxId: string) => {
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
  };
  let turn = 0;
  return {
    start: (name) => start(runtime, directory, name),
    remove,
    async many(count) {
      turn += 1;
      const left = Array.from({ length: count }, (_, at) => `bare-${turn}-${at}`);
      const made: string[] = [];
      const began = performance.now();
      const work = async () => {
        for (let name = left.pop(); name !== undefined; name = left.pop())
          made.push((await start(runtime, directory, name)).podSandboxId);
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      const took = performance.now() - began;
      for (const each of made) await remove(each);
      return took;
    },
    async close() {
      runtime.close();
      await removeCgroups(cgroup);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const host = createLinuxPodHost({ security: testSecurity(), capacity: { cpu: 2, memory: 2 ** 32 } });

async function start(runtime: ContainerRuntime, directory: string, name: string): Promise<BareStart> {
  const made = { ...benchPod(name), metadata: { name, uid: name, namespace: 'bench' } };
  const pod = asPod(made);
  const [container] = pod ? podContainers(pod) : [];
  if (!pod || !container) throw new Error('the pod has a container');
  const logDirectory = podLogDirectory(directory, pod);
  const own = { hosts: join(directory, `${name}-hosts`), message: join(directory, `${name}-message`) };
  const token = join(directory, `${name}-token`);
  mkdirSync(logDirectory);
  mkdirSync(token);
  for (const file of Object.values(own)) writeFileSync(file, '');
  const context = { nodeName, nodeHostname: nodeName, logDirectory, cgroupParent: `${cgroup}/${name}`, dns, host };
  const sandbox = sandboxConfig(pod, 0, context);
  const calls: Record<string, number> = {};
  const timed = async <T>(call: string, work: Promise<T>): Promise<T> => {
    const began = performance.now();
    const answer = await work;
    calls[call] = performance.now() - began;
    return answer;
  };
  const { podSandboxId } = await timed('RunPodSandbox', runtime.runPodSandbox({ config: sandbox }));
  const creation = runtime.createContainer({
    podSandboxId,
    config: containerConfig(pod, container, {
      attempt: 0,
      quickRestarts: 0,
      imageRef: container.spec.image ?? '',
      imageUser: { uid: undefined, username: '' },
      environment: new Map(),
      mounts: [
        { containerPath: '/var/run/secrets/kubernetes.io/serviceaccount', hostPath: token, readonly: true },
        { containerPath: '/dev/termination-log', hostPath: own.message, readonly: false },
        { containerPath: '/etc/hosts', hostPath: own.hosts, readonly: false },
      ],
      devices: [],
      host,
      nodeName,
    }),
    sandboxConfig: sandbox,
  });
  const { containerId } = await timed('CreateContainer', creation);
  await timed('StartContainer', runtime.startContainer({ containerId }));
  return { podSandboxId, calls };
}
