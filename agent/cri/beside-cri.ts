// What the agent wants of a container runtime beside CRI: containerd serves it at the same socket, and with any other runtime (CRI-O, Docker
// by cri-dockerd) something takes its place that CRI alone can do, or it is not to be had. Which of the two is said by the runtime's own name
// in its answer to Version.

import { setTimeout as delay } from 'node:timers/promises';
import { getOwn } from '../../core/machinery/own.ts';
import { Envelope, SubscribeRequest, taskOf } from './containerd-events.ts';
import type { GrpcClient } from './grpc.ts';
import * as m from './messages.ts';
import { connectSnapshots, type Snapshots } from './snapshots.ts';
import type { Decoded } from './wire.ts';

/** A container or sandbox about which something happened; read its status to learn what. */
export interface RuntimeEvent {
  readonly containerId: string;
  readonly kind: 'started' | 'exited' | 'oom' | 'other';
}

export interface BesideCri {
  /** What happens to containers, where the runtime does not serve CRI's own events. Throws GrpcError. */
  events(from: EventSource, signal: AbortSignal): AsyncGenerator<RuntimeEvent>;
  /** The files of images without a container. Undefined: they are not to be had. */
  snapshots(endpoint: string, snapshotter: string): Snapshots | undefined;
}

export interface EventSource {
  readonly client: Pick<GrpcClient, 'stream'>;
  listContainers(request: object): Promise<Pick<Decoded<typeof m.ListContainersResponse>, 'containers'>>;
  listPodSandbox(request: object): Promise<Pick<Decoded<typeof m.ListPodSandboxResponse>, 'items'>>;
}

export function besideCri(runtimeName: string): BesideCri {
  return runtimeName === 'containerd' ? containerd : criAlone;
}

const subscribe = {
  path: '/containerd.services.events.v1.Events/Subscribe',
  request: SubscribeRequest,
  response: Envelope,
  deadlineMs: 0,
};
const topics: Readonly<Record<string, RuntimeEvent['kind']>> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
};

/** Of 1.6, which has no events of CRI, and newer. */
const containerd: BesideCri = {
  async *events({ client }, signal) {
    const request = { filters: ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom)$"'] };
    for await (const envelope of client.stream(subscribe, request, signal)) {
      const kind = getOwn(topics, envelope.topic);
      if (!kind || !envelope.event) continue;
      const containerId = taskOf(envelope.topic, envelope.event.value);
      if (containerId !== undefined) yield { containerId, kind };
    }
  },
  snapshots: connectSnapshots,
};

/** As kubelet looks at its containers. */
const lookMs = 1000;

const criAlone: BesideCri = {
  async *events(from, signal) {
    let before = new Map<string, RuntimeEvent['kind']>();
    while (!signal.aborted) {
      const now = await statesOf(from);
      for (const [containerId, kind] of now) if (before.get(containerId) !== kind) yield { containerId, kind };
      for (const containerId of before.keys()) if (!now.has(containerId)) yield { containerId, kind: 'exited' };
      before = now;
      await delay(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  },
  snapshots: () => undefined,
};

async function statesOf(from: EventSource): Promise<Map<string, RuntimeEvent['kind']>> {
  const [{ containers }, { items }] = await Promise.all([from.listContainers({}), from.listPodSandbox({})]);
  return new Map([
    ...items.map(({ id, state }) => [id, state === m.sandboxStates.ready ? 'started' : 'exited'] as const),
    ...containers.map(({ id, state }) => [id, containerKinds.get(state) ?? 'other'] as const),
  ]);
}

const containerKinds: ReadonlyMap<number, RuntimeEvent['kind']> = new Map([
  [m.containerStates.running, 'started'],
  [m.containerStates.exited, 'exited'],
  [m.containerStates.unknown, 'exited'],
]);
