// Notices nodes that fell silent, and puts on every node the taints that its conditions call for.

import type { V1NodeCondition, V1Taint } from '../../generated/kubernetes.ts';
import { sameJson, setCondition, timestamp } from './condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  type ObjectOf,
  regarding,
  type Snapshot,
  watch,
} from './controller.ts';
import { isReady } from './pod-state.ts';

const type = 'nodes';
type Node = ObjectOf<typeof type>;

export interface NodeLifecycleOptions {
  /** The newest beat of every node, in Unix milliseconds. Without it no node is found silent. */
  readonly heartbeats?: () => Promise<ReadonlyMap<string, number>>;
  /** How long a node may be silent. Default 50 s, as node-monitor-grace-period. */
  readonly graceMs?: number;
}

/** Conditions that a silent node can no longer vouch for. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

const conditionTaints: Record<string, Record<string, string>> = {
  Ready: { False: 'node.kubernetes.io/not-ready', Unknown: 'node.kubernetes.io/unreachable' },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
};
const unschedulable = 'node.kubernetes.io/unschedulable';
const ours = new Set([...Object.values(conditionTaints).flatMap((each) => Object.values(each)), unschedulable]);

export function createNodeLifecycleController(options: NodeLifecycleOptions = {}): Controller {
  const graceMs = options.graceMs ?? 50_000;
  /** After a start nobody has been heard yet: everybody gets the grace period first. */
  let started: number | undefined;
  return {
    name: 'node-lifecycle',
    user: controllerUser('node-controller'),
    watches: [
      watch(type, ({ object, previous }, snapshot) =>
        // Whether pods are evicted depends on whether any node is ready at all.
        readiness(object) === (previous && readiness(previous))
          ? [object.metadata.name]
          : snapshot.list(type).map((each) => each.metadata.name),
      ),
    ],
    reads: ['pods'],
    owns: [type, 'pods'],
    async reconcile(snapshot, name, { now }): Promise<Action[]> {
      const node = snapshot.get(type, '', name);
      if (!node) return [];
      started ??= now;
      const actions: Action[] = [];
      let conditions = node.status?.conditions ?? [];
      if (options.heartbeats) {
        const beat = (await options.heartbeats()).get(name);
        const heard = Math.max(beat ?? 0, started, Date.parse(node.metadata.creationTimestamp ?? '') || 0);
        const silent = now - heard >= graceMs;
        if (silent) conditions = unknown(node, conditions, now);
        else if (beat !== undefined && now - beat < graceMs) conditions = heardAgain(conditions, now);
        actions.push({ do: 'requeue', afterMs: silent ? graceMs / 4 : Math.max(1000, heard + graceMs - now) });
      }
      const changed = !sameJson(conditions, node.status?.conditions ?? []);
      const seen: Node = changed ? { ...node, status: { ...node.status, conditions } } : node;
      if (changed) {
        actions.push({ do: 'update', type, subresource: 'status', object: seen });
        if (readiness(seen) !== 'True' && readiness(node) === 'True') {
          const message = `Node ${name} status is now: NodeNotReady`;
          const event = { type: 'Normal' as const, reason: 'NodeNotReady', message };
          actions.push({ do: 'event', regarding: regarding('v1', 'Node', node), event });
        }
      }
      const taints = taintsOf(snapshot, seen, now);
      if (!sameJson(taints, node.spec?.taints ?? [])) {
        actions.push({ do: 'update', type, object: { ...seen, spec: { ...node.spec, taints } } });
      }
      if (readiness(seen) !== 'True') actions.push(...unreadyPods(snapshot, name, now));
      return actions;
    },
  };
}

function readiness(node: Node): string {
  return node.status?.conditions?.find((each) => each.type === 'Ready')?.status ?? 'Unknown';
}

function unknown(node: Node, conditions: readonly V1NodeCondition[], now: number): V1NodeCondition[] {
  let result = [...conditions];
  for (const name of reported) {
    const before = result.find((each) => each.type === name);
    if (before?.status === 'Unknown') continue;
    const condition = before
      ? {
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastHeartbeatTime: before.lastHeartbeatTime,
        }
      : {
          reason: 'NodeStatusNeverUpdated',
          message: 'Kubelet never posted node status.',
          lastHeartbeatTime: node.metadata.creationTimestamp,
        };
    result = setCondition(result, { type: name, status: 'Unknown', ...condition }, now);
  }
  return result;
}

/** A beat is a sign of life: what only silence had made unknown is as a running agent has it, until it reports otherwise. */
function heardAgain(conditions: readonly V1NodeCondition[], now: number): V1NodeCondition[] {
  let result = [...conditions];
  for (const each of conditions) {
    if (each.status !== 'Unknown' || each.reason !== 'NodeStatusUnknown') continue;
    const ready = each.type === 'Ready';
    const condition = {
      type: each.type,
      status: ready ? 'True' : 'False',
      reason: ready ? 'KubeletReady' : 'KubeletReporting',
      message: 'the agent is heard again',
      lastHeartbeatTime: timestamp(now),
    };
    result = setCondition(result, condition, now);
  }
  return result;
}

/** Taints of others stay. NoExecute only while some node is ready: with none, it is more likely that we are cut off. */
function taintsOf(snapshot: Snapshot, node: Node, now: number): V1Taint[] {
  const before = node.spec?.taints ?? [];
  const wanted: V1Taint[] = [];
  const others = snapshot.list(type).filter((each) => each.metadata.name !== node.metadata.name);
  const anyReady = readiness(node) === 'True' || others.some((each) => readiness(each) === 'True');
  for (const [condition, keys] of Object.entries(conditionTaints)) {
    const status = node.status?.conditions?.find((each) => each.type === condition)?.status;
    const key = condition === 'Ready' ? keys[status ?? 'False'] : status && keys[status];
    if (!key) continue;
    wanted.push({ key, effect: 'NoSchedule' });
    if (condition === 'Ready' && anyReady) wanted.push({ key, effect: 'NoExecute', timeAdded: timestamp(now) });
  }
  if (node.spec?.unschedulable) wanted.push({ key: unschedulable, effect: 'NoSchedule' });
  const same = (a: V1Taint, b: V1Taint) => a.key === b.key && a.effect === b.effect;
  const kept = before.filter((each) => !ours.has(each.key) || wanted.some((other) => same(each, other)));
  const added = wanted.filter((each) => !kept.some((other) => same(each, other)));
  return [
    ...kept,
    ...added.map((each) =>
      each.effect === 'NoSchedule' && each.key === unschedulable ? { ...each, timeAdded: timestamp(now) } : each,
    ),
  ];
}

/** Nobody can say that these pods are ready, so no Service should send to them. */
function unreadyPods(snapshot: Snapshot, node: string, now: number): Action[] {
  return snapshot
    .podsOnNode(node)
    .filter(isReady)
    .map((pod) => {
      const before = pod.status?.conditions?.find((each) => each.type === 'Ready');
      const condition = { ...before, type: 'Ready', status: 'False' };
      const conditions = setCondition(pod.status?.conditions, condition, now);
      return {
        do: 'update',
        type: 'pods',
        subresource: 'status',
        object: { ...pod, status: { ...pod.status, conditions } },
      };
    });
}
