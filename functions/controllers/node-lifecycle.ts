// Puts on every node the taints that its conditions call for, and takes the pods of nodes that are not ready out of Services.

import { isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { V1Taint } from '../../generated/kubernetes.ts';
import { sameJson, setCondition, timestamp } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  type Snapshot,
  watch,
} from './controller.ts';
import { readiness } from './node-readiness.ts';

type Wanted = Action<typeof type | 'pods'>;

const type = 'nodes';
type Node = ObjectOf<typeof type>;

const conditionTaints: Record<string, Record<string, string>> = {
  Ready: { False: 'node.kubernetes.io/not-ready', Unknown: 'node.kubernetes.io/unreachable' },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
};
const unschedulable = 'node.kubernetes.io/unschedulable';
const ours = new Set([...Object.values(conditionTaints).flatMap((each) => Object.values(each)), unschedulable]);

export const nodeLifecycleController = defineController({
  name: 'node-lifecycle',
  component: 'node-controller',
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
  reconcile(snapshot, name, { now }): Wanted[] {
    const node = snapshot.get(type, '', name);
    if (!node) return [];
    const actions: Wanted[] = [];
    const taints = taintsOf(snapshot, node, now);
    if (!sameJson(taints, node.spec?.taints ?? [])) {
      actions.push({ do: 'update', type, object: { ...node, spec: { ...node.spec, taints } } });
      const change = changeOfReadiness(node.spec?.taints, taints);
      if (change) actions.push({ do: 'barrier' }, changed(node, change));
    }
    if (readiness(node) !== 'True') actions.push(...unreadyPods(snapshot, name, now));
    return actions;
  },
});

/**
 * What the taints say that the node became. They are written once, and a new node has its own from its first write on (admission): so
 * each change is told once. Of a node that fell silent the monitor tells, which notices it.
 */
function changeOfReadiness(before: readonly V1Taint[] = [], after: readonly V1Taint[]): string | undefined {
  const has = (taints: readonly V1Taint[], status: string) =>
    taints.some(({ key }) => key === getOwn(conditionTaints['Ready'] ?? {}, status));
  const isUnready = (taints: readonly V1Taint[]) => has(taints, 'False') || has(taints, 'Unknown');
  if (isUnready(before) && !isUnready(after)) return 'NodeReady';
  if (!has(before, 'False') && has(after, 'False')) return 'NodeNotReady';
  return undefined;
}

function changed(node: Node, reason: string): Wanted {
  const message = `Node ${node.metadata.name} status is now: ${reason}`;
  return { do: 'event', regarding: regarding('v1', 'Node', node), event: { type: 'Normal', reason, message } };
}

/** Taints of others stay. NoExecute only while some node is ready: with none, it is more likely that we are cut off. */
function taintsOf(snapshot: Snapshot<'nodes'>, node: Node, now: number): V1Taint[] {
  const before = node.spec?.taints ?? [];
  const wanted: V1Taint[] = [];
  const others = snapshot.list(type).filter((each) => each.metadata.name !== node.metadata.name);
  const anyReady = readiness(node) === 'True' || others.some((each) => readiness(each) === 'True');
  for (const [condition, keys] of Object.entries(conditionTaints)) {
    const status = node.status?.conditions?.find((each) => each.type === condition)?.status;
    const key = condition === 'Ready' ? getOwn(keys, status ?? 'False') : status && getOwn(keys, status);
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
function unreadyPods(snapshot: Snapshot<'pods'>, node: string, now: number): Wanted[] {
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
