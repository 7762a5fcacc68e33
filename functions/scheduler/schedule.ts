// schedule(model, pods) -> decisions. No I/O, no clock. Each decision is placed in the model at once, so that the next pod of
// the batch sees it; the caller takes a placement back when its bind fails.

import { ClassPlan } from './class-plan.ts';
import { type Filter, placementFilters, waitsForConsumer } from './filters.ts';
import type { Model } from './model.ts';
import type { NodeState } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { usageScore } from './scores.ts';
import { type TopologyView, topologyView } from './topology.ts';

export interface Binding {
  readonly pod: PodInfo;
  readonly node: string;
  /** Claims, by name, whose volumes wait for this decision: they are told the node before the pod is bound. */
  readonly claims: readonly string[];
}

export interface Rejection {
  readonly pod: PodInfo;
  /** The text of the FailedScheduling event and of the PodScheduled condition. */
  readonly message: string;
}

export interface Decisions {
  readonly bindings: readonly Binding[];
  readonly rejections: readonly Rejection[];
}

/** Plans by class, kept between calls as long as the nodes stay as they are. */
export type Plans = Map<string, ClassPlan>;

/** `pods` in the order in which they are served: see `queueOrder`. */
export function schedule(model: Model, pods: readonly PodInfo[], plans: Plans): Decisions {
  const bindings: Binding[] = [];
  const rejections: Rejection[] = [];
  for (const pod of pods) {
    const node = chooseNode(model, pod, plans);
    if (node) {
      model.placePod(pod, node.name);
      bindings.push({ pod, node: node.name, claims: claimsToMake(model, pod) });
    } else {
      rejections.push({ pod, message: explain(model, pod) });
    }
  }
  return { bindings, rejections };
}

/** Higher priority first, then the older pod. */
export function queueOrder(left: PodInfo, right: PodInfo): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  const time = (pod: PodInfo) => pod.pod.metadata?.creationTimestamp ?? '';
  return time(left) < time(right) ? -1 : time(left) > time(right) ? 1 : left.key < right.key ? -1 : 1;
}

function chooseNode(model: Model, pod: PodInfo, plans: Plans): NodeState | undefined {
  const plan = planFor(model, pod, plans);
  const view = topologyView(pod, model);
  const fits = (node: NodeState) => reasonAgainst(placementFilters, pod, node, model) === undefined;
  // Claims tie a pod to nodes in a way that its class does not say.
  if (!view && pod.claims.length === 0) return plan.take(pod, model, fits);
  return scan(plan, pod, fits, view);
}

function scan(
  plan: ClassPlan,
  pod: PodInfo,
  fits: (node: NodeState) => boolean,
  view: TopologyView | undefined,
): NodeState | undefined {
  const open = plan.candidates.filter(({ node }) => view?.filter(node) === undefined && fits(node));
  const ties = open.map(({ node }) => view?.score(node) ?? 0);
  const least = ties.reduce((a, b) => Math.min(a, b), 0);
  const range = ties.reduce((a, b) => Math.max(a, b), 0) - least;
  let best: NodeState | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  open.forEach(({ node, fixed }, i) => {
    const topology = range === 0 ? 0 : (200 * ((ties[i] ?? 0) - least)) / range;
    const score = fixed + usageScore(pod, node) + topology;
    if (score > bestScore) {
      best = node;
      bestScore = score;
    }
  });
  return best;
}

function planFor(model: Model, pod: PodInfo, plans: Plans): ClassPlan {
  const known = plans.get(pod.class);
  if (known?.generation === model.generation) return known;
  const plan = new ClassPlan(pod, model);
  plans.delete(pod.class);
  plans.set(pod.class, plan);
  const [oldest] = plans.keys();
  if (plans.size > 256 && oldest !== undefined) plans.delete(oldest);
  return plan;
}

function claimsToMake(model: Model, pod: PodInfo): string[] {
  return pod.claims.filter((name) => {
    const claim = model.claims.get(`${pod.namespace}/${name}`);
    return claim !== undefined && !claim.spec?.volumeName && waitsForConsumer(model, claim.spec?.storageClassName);
  });
}

function reasonAgainst(filters: readonly Filter[], pod: PodInfo, node: NodeState, model: Model): string | undefined {
  for (const filter of filters) {
    const reason = filter(pod, node, model);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** As kubectl users know it: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
function explain(model: Model, pod: PodInfo): string {
  const total = model.nodes.size;
  if (total === 0) return 'no nodes available to schedule pods';
  const plan = new ClassPlan(pod, model);
  const view = topologyView(pod, model);
  const counts = new Map<string, number>();
  const count = (reason: string) => counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const reason of plan.rejected.values()) count(reason);
  for (const { node } of plan.candidates) {
    const own = placementFilters.map((filter) => filter(pod, node, model)).filter((each) => each !== undefined);
    const first = own.length > 0 ? own : [view?.filter(node)].filter((each) => each !== undefined);
    for (const reason of first) count(reason);
  }
  const whole = [...counts.keys()].find((reason) => reason.startsWith('persistentvolumeclaim '));
  if (whole) return `0/${total} nodes are available: ${whole}.`;
  const parts = [...counts].map(([reason, n]) => `${n} ${reason}`).sort();
  return `0/${total} nodes are available: ${parts.join(', ')}.`;
}
