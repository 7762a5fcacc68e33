// Notices nodes that fell silent, and those that are heard again. All nodes are looked at together, when the first of them may have been
// silent for too long: where a look is paid for, a hundred nodes cost no more looks than one.

import type { V1NodeCondition } from '../../generated/kubernetes.ts';
import { sameJson, setCondition, timestamp } from './condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  watch,
} from './controller.ts';
import { readiness } from './node-readiness.ts';

const type = 'nodes';
type Node = ObjectOf<typeof type>;

export interface NodeMonitorOptions {
  /** The newest beat of every node, in Unix milliseconds. */
  readonly heartbeats: () => Promise<ReadonlyMap<string, number>>;
  /** How long a node may be silent, in milliseconds. Default 50 s, as node-monitor-grace-period. */
  readonly graceMs?: number;
  /**
   * Whether whoever hears the beats may have been away before this process started, so that everybody gets the grace period first.
   * Default true. False where beats are heard without this process: as a function that is always new it would find nobody silent.
   */
  readonly deafBeforeStart?: boolean;
}

/** Conditions that a silent node can no longer vouch for. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
/** There is one key. */
const all = 'nodes';

export function createNodeMonitor({
  heartbeats,
  graceMs = 50_000,
  deafBeforeStart = true,
}: NodeMonitorOptions): Controller {
  let started: number | undefined;
  return defineController({
    name: 'node-monitor',
    component: 'node-controller',
    user: controllerUser('node-controller'),
    watches: [watch(type, ({ previous, type: change }) => (previous || change === 'DELETED' ? [] : [all]))],
    owns: [type],
    async reconcile(snapshot, _key, { now }): Promise<Action<typeof type>[]> {
      const nodes = snapshot.list(type);
      if (nodes.length === 0) return [];
      started ??= deafBeforeStart ? now : 0;
      const beats = await heartbeats();
      const actions: Action<typeof type>[] = [];
      let afterMs = Number.POSITIVE_INFINITY;
      for (const node of nodes) {
        const beat = beats.get(node.metadata.name);
        const heard = Math.max(beat ?? 0, started, Date.parse(node.metadata.creationTimestamp ?? '') || 0);
        const silent = now - heard >= graceMs;
        afterMs = Math.min(afterMs, silent ? graceMs / 4 : Math.max(1000, heard + graceMs - now));
        const before = node.status?.conditions ?? [];
        const alive = beat !== undefined && now - beat < graceMs;
        const conditions = silent ? unknown(node, before, now) : alive ? heardAgain(before, now) : before;
        if (!sameJson(conditions, before)) actions.push(...seenAs(node, conditions));
      }
      return [...actions, { do: 'requeue', afterMs }];
    },
  });
}

function seenAs(node: Node, conditions: V1NodeCondition[]): Action<typeof type>[] {
  const seen: Node = { ...node, status: { ...node.status, conditions } };
  const update: Action<typeof type> = { do: 'update', type, subresource: 'status', object: seen };
  if (readiness(seen) === 'True' || readiness(node) !== 'True') return [update];
  const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
  const event = { type: 'Normal' as const, reason: 'NodeNotReady', message };
  return [update, { do: 'event', regarding: regarding('v1', 'Node', node), event }];
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
