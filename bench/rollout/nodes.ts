// Simulated nodes: each says that it is ready, beats, and reports every pod that is bound to it as Running at once.

import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../core/machinery/object.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import type { Cluster } from './cluster.ts';

export interface SimulatedNodes {
  /** Milliseconds of `performance.now()`, by pod. */
  readonly created: ReadonlyMap<string, number>;
  readonly bound: ReadonlyMap<string, number>;
  /** When the store had answered for the report. */
  readonly running: ReadonlyMap<string, number>;
  stop(): void;
}

const capacity = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '100Gi' };
const beatMs = 10_000;

export async function startNodes(cluster: Cluster, count: number): Promise<SimulatedNodes> {
  const { registry, context, store, replicas } = cluster;
  const names = Array.from({ length: count }, (_, i) => `node-${String(i).padStart(4, '0')}`);
  const beat = () => Promise.all(names.map((name) => store.heartbeats.beat(name, Date.now())));
  await beat();
  const beating = setInterval(() => void beat(), beatMs);
  await Promise.all(names.map(join));

  const created = new Map<string, number>();
  const bound = new Map<string, number>();
  const running = new Map<string, number>();
  const pods = await replicas.of('pods');
  const unsubscribe = pods.onEvent(({ type, entry }) => {
    if (type === 'DELETED') return;
    if (type === 'ADDED') created.set(entry.name, performance.now());
    if (bound.has(entry.name)) return;
    // as: what is stored under pods is a pod.
    const pod = entry.object;
    if (!pod.spec?.nodeName) return;
    bound.set(entry.name, performance.now());
    report(pod).catch((error: unknown) => console.error(`${entry.name} could not be reported`, error));
  });

  async function join(name: string): Promise<void> {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } };
    await registry.create(context, cluster.target('nodes'), node as KubeObject);
    const at = new Date().toISOString().replace(/\.\d+/, '');
    const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: at, lastTransitionTime: at };
    const status = { capacity, allocatable: capacity, conditions: [ready] };
    await registry.patch(context, cluster.target('nodes', undefined, name, 'status'), 'strategic', { status });
  }

  async function report({ metadata, spec }: V1Pod): Promise<void> {
    const { namespace = '', name = '' } = metadata ?? {};
    const at = new Date().toISOString().replace(/\.\d+/, '');
    const number = bound.size;
    const ip = `10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
    const status = {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      hostIP: '10.0.0.1',
      startTime: at,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: at,
      })),
      containerStatuses: spec?.containers.map((container) => ({
        name: container.name,
        image: container.image,
        imageID: container.image,
        containerID: `containerd://${randomUUID()}`,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: at } },
      })),
    };
    await registry.patch(context, cluster.target('pods', namespace, name, 'status'), 'strategic', { status });
    running.set(`${namespace}/${name}`, performance.now());
  }

  return {
    created,
    bound,
    running,
    stop() {
      clearInterval(beating);
      unsubscribe();
    },
  };
}
