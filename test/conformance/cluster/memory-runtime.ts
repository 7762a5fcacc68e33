// A container runtime in memory: the agent's own contract of it (CRI), with programs that are functions in place of processes.

import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { RuntimeEvent } from '../../../agent/cri/beside-cri.ts';
import { GrpcError, grpcCodes } from '../../../agent/cri/grpc.ts';
import {
  type ContainerConfigInput,
  type ContainerStatusInfo,
  cgroupDrivers,
  containerStates,
  type ImageInfo,
  type LinuxContainerResourcesInput,
  namespaceModes,
  type PodSandboxConfigInput,
  type PodSandboxStatusInfo,
  sandboxStates,
} from '../../../agent/cri/messages.ts';
import type { ContainerRuntime } from '../../../agent/cri/runtime.ts';
import { labels } from '../../../agent/pods/observed.ts';
import { type ProgramContext, type Programs, pause } from './programs.ts';

export interface MemoryRuntimeOptions {
  readonly programs: Programs;
  /** The address of the n-th sandbox. */
  readonly address: (n: number) => string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Images whose name begins so are not to be had. */
export const missingImages = 'missing.example/';

interface Sandbox {
  status: PodSandboxStatusInfo;
}

interface Container {
  status: ContainerStatusInfo;
  readonly config: ContainerConfigInput;
  readonly sandboxId: string;
  readonly context: ProgramContext;
  resources: LinuxContainerResourcesInput;
  stop(): void;
  ended: Promise<void>;
}

/** What a test sees of it beside what the agent does. */
export interface MemoryRuntime extends ContainerRuntime {
  /** What a container has of the machine, as the kernel would know it. Fails when there is none of this id. */
  resourcesOf(containerId: string): LinuxContainerResourcesInput;
}

export function createMemoryRuntime({ programs, address, now }: MemoryRuntimeOptions): MemoryRuntime {
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const listeners = new Set<(event: RuntimeEvent) => void>();
  let made = 0;
  const nanoseconds = () => BigInt(now()) * 1_000_000n;
  const emit = (containerId: string, kind: RuntimeEvent['kind']) => {
    for (const listener of listeners) listener({ containerId, kind });
  };

  function sandboxOf(id = ''): Sandbox {
    const found = sandboxes.get(id);
    if (!found) throw new GrpcError(grpcCodes.notFound, 'memory', `no sandbox ${id}`);
    return found;
  }

  function containerOf(id = ''): Container {
    const found = containers.get(id);
    if (!found) throw new GrpcError(grpcCodes.notFound, 'memory', `no container ${id}`);
    return found;
  }

  function runSandbox(config: PodSandboxConfigInput): string {
    const id = randomUUID();
    const onHost = config.linux?.securityContext?.namespaceOptions?.network === namespaceModes.node;
    sandboxes.set(id, {
      status: {
        id,
        metadata: { name: '', uid: '', namespace: '', attempt: 0, ...defined(config.metadata) },
        state: sandboxStates.ready,
        createdAt: nanoseconds(),
        network: { ip: onHost ? '' : address(made++), additionalIps: [] },
        linux: {
          namespaces: { options: { network: onHost ? namespaceModes.node : 0, pid: 0, ipc: 0, targetId: '' } },
        },
        labels: { ...config.labels },
        annotations: { ...config.annotations },
        runtimeHandler: '',
      },
    });
    return id;
  }

  function createContainer(sandboxId: string, config: ContainerConfigInput): string {
    const id = randomUUID();
    const { name = '', attempt = 0 } = config.metadata ?? {};
    const logPath = path.join(sandboxLogs.get(sandboxId) ?? '', config.logPath ?? '');
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const [, ...rest] = [...(config.command ?? []), ...(config.args ?? [])];
    const context: ProgramContext = {
      namespace: config.labels?.[labels.podNamespace] ?? '',
      pod: config.labels?.[labels.podName] ?? '',
      container: name,
      args: rest,
      env: Object.fromEntries((config.envs ?? []).map(({ key = '', value = '' }) => [key, value])),
      mounts: new Map((config.mounts ?? []).map(({ containerPath = '', hostPath = '' }) => [containerPath, hostPath])),
      attempt,
      stopped,
      print(line) {
        mkdirSync(path.dirname(logPath), { recursive: true });
        appendFileSync(logPath, `${new Date(now()).toISOString().replace('Z', '000000Z')} stdout F ${line}\n`);
      },
    };
    containers.set(id, {
      config,
      sandboxId,
      context,
      resources: { ...config.linux?.resources },
      stop,
      ended: Promise.resolve(),
      status: {
        id,
        metadata: { name, attempt },
        state: containerStates.created,
        createdAt: nanoseconds(),
        startedAt: 0n,
        finishedAt: 0n,
        exitCode: 0,
        imageRef: config.image?.image ?? '',
        imageId: config.image?.image ?? '',
        reason: '',
        message: '',
        labels: { ...config.labels },
        annotations: { ...config.annotations },
        mounts: [],
        logPath,
      },
    });
    return id;
  }

  function start(container: Container): void {
    const { config, context, status } = container;
    const [name] = [...(config.command ?? []), ...(config.args ?? [])];
    const program = name === undefined ? pause : programs[name];
    if (!program) throw new GrpcError(grpcCodes.unknown, 'StartContainer', `exec: "${name}": no such program`);
    mkdirSync(path.dirname(status.logPath), { recursive: true });
    appendFileSync(status.logPath, '');
    container.status = { ...status, state: containerStates.running, startedAt: nanoseconds() };
    emit(status.id, 'started');
    container.ended = Promise.resolve()
      .then(() => program(context))
      .catch((error: unknown) => {
        context.print(String(error));
        return 125;
      })
      .then((exitCode) => end(container, exitCode));
  }

  function end(container: Container, exitCode: number): void {
    if (container.status.state === containerStates.exited) return;
    container.status = {
      ...container.status,
      state: containerStates.exited,
      finishedAt: nanoseconds(),
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
    };
    emit(container.status.id, 'exited');
  }

  async function stop(container: Container, graceSeconds: number): Promise<void> {
    if (container.status.state !== containerStates.running) return;
    container.stop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceSeconds * 1000);
    });
    await Promise.race([container.ended, late]);
    clearTimeout(timer);
    end(container, 137);
  }

  async function stopSandbox(id: string): Promise<void> {
    const sandbox = sandboxOf(id);
    await Promise.all([...containers.values()].filter((each) => each.sandboxId === id).map((each) => stop(each, 0)));
    sandbox.status = { ...sandbox.status, state: sandboxStates.notReady };
  }

  const sandboxLogs = new Map<string, string>();
  const image = (name: string): ImageInfo => ({
    id: name,
    repoTags: [name],
    repoDigests: [],
    size: 1_000_000,
    username: '',
    pinned: false,
  });
  const unimplemented = (name: string) => async (): Promise<never> => {
    throw new GrpcError(grpcCodes.unimplemented, name, `${name} is not simulated`);
  };

  return {
    resourcesOf: (id) => containerOf(id).resources,
    version: async () => ({
      version: 'v1',
      runtimeName: 'memory',
      runtimeVersion: '1',
      runtimeApiVersion: 'v1',
    }),
    status: async () => ({ info: {} }),
    runtimeConfig: async () => ({ linux: { cgroupDriver: cgroupDrivers.cgroupfs } }),
    updateRuntimeConfig: async () => ({}),
    runPodSandbox: async ({ config = {} }) => {
      const podSandboxId = runSandbox(config);
      sandboxLogs.set(podSandboxId, config.logDirectory ?? '');
      return { podSandboxId };
    },
    stopPodSandbox: async ({ podSandboxId = '' }) => {
      if (sandboxes.has(podSandboxId)) await stopSandbox(podSandboxId);
      return {};
    },
    removePodSandbox: async ({ podSandboxId = '' }) => {
      if (sandboxes.has(podSandboxId)) await stopSandbox(podSandboxId);
      sandboxes.delete(podSandboxId);
      sandboxLogs.delete(podSandboxId);
      for (const [id, { sandboxId }] of containers) if (sandboxId === podSandboxId) containers.delete(id);
      return {};
    },
    podSandboxStatus: async ({ podSandboxId }) => ({ status: sandboxOf(podSandboxId).status, info: {} }),
    listPodSandbox: async ({ filter }) => ({
      items: [...sandboxes.values()]
        .map(({ status }) => status)
        .filter(({ labels: of }) => carries(of, filter?.labelSelector))
        .map(({ network: _, linux: __, ...item }) => item),
    }),
    createContainer: async ({ podSandboxId = '', config = {} }) => {
      sandboxOf(podSandboxId);
      return { containerId: createContainer(podSandboxId, config) };
    },
    startContainer: async ({ containerId }) => {
      start(containerOf(containerId));
      return {};
    },
    stopContainer: async ({ containerId, timeout = 0 }) => {
      await stop(containerOf(containerId), timeout);
      return {};
    },
    removeContainer: async ({ containerId = '' }) => {
      const container = containers.get(containerId);
      if (container) await stop(container, 0);
      containers.delete(containerId);
      return {};
    },
    listContainers: async ({ filter }) => ({
      containers: [...containers.values()]
        .filter(({ status }) => carries(status.labels, filter?.labelSelector))
        .map(({ status, sandboxId }) => ({ ...status, podSandboxId: sandboxId })),
    }),
    containerStatus: async ({ containerId }) => ({ status: containerOf(containerId).status, info: {} }),
    execSync: async ({ containerId, cmd = [] }) => {
      const { context, status } = containerOf(containerId);
      if (status.state !== containerStates.running)
        throw new GrpcError(grpcCodes.unknown, 'ExecSync', 'container is not running');
      const [name = '', ...args] = cmd;
      const program = programs[name];
      if (!program) throw new GrpcError(grpcCodes.unknown, 'ExecSync', `exec: "${name}": no such program`);
      let output = '';
      const print = (line: string) => {
        output += `${line}\n`;
      };
      const exitCode = await program({ ...context, args, print });
      return { stdout: Buffer.from(output), stderr: new Uint8Array(), exitCode };
    },
    imageStatus: async ({ image: wanted }) => {
      const name = wanted?.image ?? '';
      return { info: {}, ...(!name.startsWith(missingImages) && { image: image(name) }) };
    },
    pullImage: async ({ image: wanted }) => {
      const name = wanted?.image ?? '';
      if (name.startsWith(missingImages)) throw new GrpcError(grpcCodes.notFound, 'PullImage', `${name}: not found`);
      return { imageRef: name };
    },
    listImages: async () => ({ images: [] }),
    removeImage: async () => ({}),
    imageFsInfo: async () => ({ imageFilesystems: [] }),
    reopenContainerLog: async () => ({}),
    updateContainerResources: async ({ containerId, linux }) => {
      const container = containerOf(containerId);
      container.resources = { ...container.resources, ...linux };
      return {};
    },
    listContainerStats: async () => ({ stats: [] }),
    listPodSandboxStats: async () => ({ stats: [] }),
    containerStats: unimplemented('ContainerStats'),
    exec: unimplemented('Exec'),
    attach: unimplemented('Attach'),
    portForward: unimplemented('PortForward'),
    async *events(signal) {
      const waiting: RuntimeEvent[] = [];
      let wake = () => {};
      const listener = (event: RuntimeEvent) => {
        waiting.push(event);
        wake();
      };
      listeners.add(listener);
      signal.addEventListener('abort', () => wake(), { once: true });
      try {
        while (!signal.aborted) {
          const event = waiting.shift();
          if (event) yield event;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        listeners.delete(listener);
      }
    },
    close() {
      for (const container of containers.values()) container.stop();
    },
  };
}

function carries(of: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(selector).every(([key, value]) => of[key] === value);
}

/** Without the fields that are there and undefined. */
function defined<T extends object>(fields: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  // as: what was undefined is gone.
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
