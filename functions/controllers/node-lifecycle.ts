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
      if (isUnready(node.spec?.taints) && !isUnready(taints)) actions.push({ do: 'barrier' }, nodeReady(node));
    }
    if (readiness(node) !== 'True') actions.push(...unreadyPods(snapshot, name, now));
    return actions;
  },
});

function isUnready(taints: readonly V1Taint[] = []): boolean {
  return taints.some(({ key }) => Object.values(conditionTaints['Ready'] ?? {}).includes(key));
}

/** Said with the write that lets pods run there, and so once. */
function nodeReady(node: Node): Wanted {
  const message = `Node ${node.metadata.name} status is now: NodeReady`;
  const event = { type: 'Normal' as const, reason: 'NodeReady', message };
  return { do: 'event', regarding: regarding('v1', 'Node', node), event };
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
