// Simulated nodes: each beats, runs what is bound to it, ends what is deleted; and falls silent, comes back or is replaced.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import type { Api } from './control-plane.ts';
import type { Network } from './line.ts';

export const capacity = { cpu: '4', memory: '8Gi', pods: '20', 'ephemeral-storage': '10Gi' };

export interface Nodes {
  /** Everything comes back and nothing fails any more. */
  heal(): void;
  /** Since when no node was silent, in virtual milliseconds; Infinity while one is. */
  readonly quietSince: number;
}

const context = { user: { username: 'nodes', groups: ['system:masters'] }, warnings: [] };

export function startNodes(network: Network, api: Api, names: readonly string[]): Nodes {
  const { clock, random, truth, faults } = network;
  const silent = new Set<string>();
  let healed = false;
  let changedAt = clock.now;

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A node tries again on its next round.
      if (!hasReason(error, 'NotFound', 'Conflict', 'TooManyRequests', 'ServerTimeout', 'AlreadyExists')) throw error;
    }
  }

  async function round(name: string): Promise<void> {
    const [pods, nodes] = [await api.replicas.of('pods'), await api.replicas.of('nodes')];
    // A node looks again now and then, whatever it was told. What fails here is tried again on its next round.
    if (healed || random.chance(0.1))
      await Promise.all([pods, nodes].map((replica) => replica.catchUp().catch(() => undefined)));
    // as: what is stored under nodes is a node.
    const node = nodes.get(name)?.object;
    if (!node) await attempt(() => api.registry.create(context, api.target('nodes'), nodeObject(name)));
    if (node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True')
      await attempt(() => api.registry.patch(context, api.target('nodes', '', name, 'status'), 'strategic', ready()));
    for (const { object } of [...pods.snapshot()]) {
      // as: what is stored under pods is a pod.
      const pod = object as V1Pod;
      if (pod.spec?.nodeName === name && !silent.has(name)) await attempt(() => tend(pod));
    }
  }

  async function tend(pod: V1Pod): Promise<void> {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const phase = pod.status?.phase;
    const done = phase === 'Succeeded' || phase === 'Failed';
    if (pod.metadata?.deletionTimestamp) {
      if (!done && random.chance(0.3)) return;
      if (!done && pod.spec?.restartPolicy === 'Never') await report(pod, 'Failed');
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      await api.registry.delete(context, api.target('pods', namespace, name), options);
    } else if (phase === 'Pending' || phase === undefined) {
      if (healed || random.chance(0.7)) await report(pod, 'Running');
    } else if (phase === 'Running' && !isReady(pod)) {
      // What was said of it while this node was silent.
      await report(pod, 'Running');
    } else if (phase === 'Running' && pod.spec?.restartPolicy !== 'Always' && random.chance(healed ? 1 : 0.2)) {
      const failed = !healed && random.chance(0.15);
      if (failed) faults.failedContainers++;
      await report(pod, failed ? 'Failed' : 'Succeeded');
    }
  }

  function report(pod: V1Pod, phase: string): Promise<unknown> {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const at = formatTime(new Date(clock.now));
    const isReady = phase === 'Running' ? 'True' : 'False';
    const exitCode = phase === 'Failed' ? 1 : 0;
    const state =
      phase === 'Running'
        ? { running: { startedAt: at } }
        : { terminated: { exitCode, reason: exitCode ? 'Error' : 'Completed', startedAt: at, finishedAt: at } };
    const status = {
      phase,
      startTime: pod.status?.startTime ?? at,
      podIP: pod.status?.podIP ?? `10.244.${random.below(250)}.${random.below(250)}`,
      conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status: isReady, lastTransitionTime: at })),
      containerStatuses: pod.spec?.containers.map((container) => ({
        name: container.name,
        image: container.image,
        imageID: container.image,
        ready: phase === 'Running',
        restartCount: 0,
        state,
      })),
    };
    const body = { metadata: { uid }, status };
    return api.registry.patch(context, api.target('pods', namespace, name, 'status'), 'strategic', body);
  }

  function ready() {
    const at = formatTime(new Date(clock.now));
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: at, lastTransitionTime: at }];
    return { status: { capacity, allocatable: capacity, conditions } };
  }

  async function live(name: string): Promise<void> {
    await api.replicas.of('nodes');
    for (;;) {
      if (!silent.has(name)) {
        truth.heartbeats.set(name, clock.now);
        await round(name);
      }
      await clock.sleep(random.between(300, 3000));
    }
  }

  function lose(): void {
    if (healed) return;
    const name = random.pick(names);
    if (!silent.has(name)) {
      faults.lostNodes++;
      silent.add(name);
      changedAt = clock.now;
      clock.after(random.between(10_000, 600_000), () => back(name));
      if (random.chance(0.2)) clock.after(random.between(60_000, 120_000), () => void remove(name));
    }
    clock.after(random.between(30_000, 240_000), lose);
  }

  /** As a cloud does with a machine that is gone for good: another comes under the same name. */
  async function remove(name: string): Promise<void> {
    if (!silent.has(name)) return;
    faults.removedNodes++;
    await attempt(() => api.registry.delete(context, api.target('nodes', '', name)));
  }

  function back(name: string): void {
    if (silent.delete(name)) changedAt = clock.now;
  }

  for (const name of names) void live(name);
  clock.after(60_000, lose);
  return {
    heal() {
      healed = true;
      for (const name of names) back(name);
    },
    get quietSince() {
      return silent.size > 0 ? Number.POSITIVE_INFINITY : changedAt;
    },
  };
}

function nodeObject(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } };
}

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
