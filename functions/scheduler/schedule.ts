// schedule(state, pods) -> decisions. No I/O, no clock. Each decision is placed in the model at once, so that the next pod of
// the batch sees it; the caller takes a placement back when its bind fails.

import { ClassPlan } from './class-plan.ts';
import { explain } from './explain.ts';
import { refusedByResourcesOrPorts } from './filters.ts';
import { Model } from './model.ts';
import type { NodeState } from './node-state.ts';
import type { PodClass, PodInfo } from './pod-info.ts';
import { type Preemption, Preemptions } from './preemption.ts';
import type { Reason } from './reason.ts';
import { defaultWeights, type Weights } from './scores.ts';
import { type TopologyView, topologyView } from './topology.ts';
import { type ClaimChoice, type VolumeView, volumeView } from './volumes.ts';

export interface Binding {
  readonly pod: PodInfo;
  readonly node: string;
  /** Claims that wait for this decision: they are given their volumes, or told the node, before the pod is bound. */
  readonly claims: readonly ClaimChoice[];
}

export interface Rejection {
  readonly pod: PodInfo;
  /** The text of the FailedScheduling event and of the PodScheduled condition. */
  readonly message: string;
  /** What has to change before another try can end better. */
  readonly blockedBy: ReadonlySet<Reason['kind']>;
  /** The node that other pods have to leave for this one. The pod is nominated to it. */
  readonly preemption: Preemption | undefined;
  /** Whether such a node was looked for. */
  readonly soughtRoom: boolean;
  /** Keys of pods that lose their nomination to that node. */
  readonly displaced: readonly string[];
}

export interface Decisions {
  readonly bindings: readonly Binding[];
  readonly rejections: readonly Rejection[];
}

export interface ScheduleOptions {
  /** By schedulerName, for those that differ from Kubernetes' default profile. */
  readonly weights?: ReadonlyMap<string, Weights>;
}

/** The model, with what is remembered between calls about classes of pods. */
export class SchedulerState {
  readonly model = new Model();
  readonly preemptions = new Preemptions();
  readonly #plans = new Map<PodClass, ClassPlan>();
  readonly #weights: ReadonlyMap<string, Weights>;
  /** Where the next walk over the nodes starts, so that equal nodes take pods in turn. */
  next = 0;
  readonly found = new Found();

  constructor(options: ScheduleOptions = {}) {
    this.#weights = options.weights ?? new Map();
  }

  weightsOf(pod: PodInfo): Weights {
    return this.#weights.get(pod.class.schedulerName) ?? defaultWeights;
  }

  planOf(pod: PodInfo): ClassPlan {
    const known = this.#plans.get(pod.class);
    // Moved to the end, so that the one which is dropped is the one that was not used for longest.
    if (known) this.#plans.delete(pod.class);
    const plan = known ?? new ClassPlan(pod.class, this.model, this.weightsOf(pod));
    this.#plans.set(pod.class, plan);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > manyPlans && oldest !== undefined) this.#plans.delete(oldest);
    return plan;
  }
}

const manyPlans = 256;

/** Beyond this many nodes that will do, a share of them is enough to choose from (Kubernetes' percentageOfNodesToScore, but more). */
const enough = 1000;

/** Nodes that will do, with their scores. Kept, so that no pod needs arrays of its own. */
class Found {
  count = 0;
  readonly slots: number[] = [];
  readonly scores: number[] = [];
  readonly costs: number[] = [];
  readonly attractions: number[] = [];
}

/** `pods` in the order in which they are served: see `queueOrder`. Of a pod group, all that wait are among them. */
export function schedule(state: SchedulerState, pods: readonly PodInfo[]): Decisions {
  const { model } = state;
  const decisions = { bindings: [] as Binding[], rejections: [] as Rejection[] };
  model.topology.tidy(model.placedCount);
  const decided = new Set<string>();
  for (const pod of pods) {
    const { group } = pod;
    if (group === undefined || !model.groups.has(group)) {
      decide(state, pod, decisions);
    } else if (!decided.has(group)) {
      decided.add(group);
      const members = pods.filter((each) => each.group === group);
      decideGroup(state, group, members, decisions);
    }
  }
  return decisions;
}

interface Collected {
  readonly bindings: Binding[];
  readonly rejections: Rejection[];
}

function decide(state: SchedulerState, pod: PodInfo, { bindings, rejections }: Collected, mayPreempt = true): void {
  const { model } = state;
  const plan = state.planOf(pod);
  const topology = topologyView(pod, model);
  const volumes = volumeView(pod, model);
  const node = volumes?.never === undefined ? chooseNode(state, pod, plan, topology, volumes) : undefined;
  if (!node) {
    rejections.push(reject(state, pod, plan, topology, volumes, mayPreempt));
    return;
  }
  const claims = volumes?.choices(node) ?? [];
  for (const { claim, volume } of claims)
    if (volume !== undefined) model.promised.set(volume, `${pod.namespace}/${claim}`);
  model.placePod(pod, node.name);
  bindings.push({ pod, node: node.name, claims });
}

/** All or nothing: unless enough of them find a node, none takes one. A group does not preempt. */
function decideGroup(state: SchedulerState, group: string, members: readonly PodInfo[], decisions: Collected): void {
  const { model } = state;
  const needed = model.groups.get(group) ?? 0;
  const there = model.groupSize(group);
  const tried: Collected = { bindings: [], rejections: [] };
  if (there + members.length >= needed) for (const pod of members) decide(state, pod, tried, false);
  if (model.groupSize(group) >= needed) {
    decisions.bindings.push(...tried.bindings);
    decisions.rejections.push(...tried.rejections);
    return;
  }
  for (const { pod, claims } of tried.bindings) {
    model.removePod(pod.key);
    for (const { volume } of claims) if (volume !== undefined) model.promised.delete(volume);
  }
  const blockedBy = new Set<Reason['kind']>(['group']);
  for (const rejection of tried.rejections) for (const kind of rejection.blockedBy) blockedBy.add(kind);
  const found = there + tried.bindings.length;
  const [first] = tried.rejections;
  const message = first
    ? `pod group ${group} needs nodes for ${needed} pods at once and finds ${found}: ${first.message}`
    : `pod group ${group} needs ${needed} pods and has ${there + members.length}`;
  for (const pod of members) decisions.rejections.push({ pod, message, blockedBy, ...noPreemption });
}

/** Higher priority first, then the older pod. */
export function queueOrder(left: PodInfo, right: PodInfo): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  if (left.created !== right.created) return left.created < right.created ? -1 : 1;
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

/** Whether the pod, as far as the node alone decides it, may go to the node now. */
export function fitsOn(state: SchedulerState, pod: PodInfo, node: NodeState): boolean {
  const plan = state.planOf(pod);
  return !plan.refusedByNode(node.slot) && !refusedByResourcesOrPorts(pod.class, node, pod.key);
}

function chooseNode(
  state: SchedulerState,
  pod: PodInfo,
  plan: ClassPlan,
  topology: TopologyView | undefined,
  volumes: VolumeView | undefined,
): NodeState | undefined {
  const { model, found } = state;
  const { slots, scores } = found;
  const nominated = model.nominatedNode(pod.key);
  if (nominated && fitsOn(state, pod, nominated)) {
    if (!topology?.refused(nominated.slot) && !volumes?.refused(nominated)) return nominated;
  }
  plan.prepare();
  const total = model.slots.length;
  const wanted = Math.max(enough, model.nodes.size >> 4);
  const ruled = topology?.required ? topology : undefined;
  // Counted here: this is walked for every pod.
  let count = 0;
  let walked = 0;
  let slot = state.next < total ? state.next : 0;
  for (; walked < total && count < wanted; walked++) {
    const score = plan.score(slot);
    if (score !== Number.NEGATIVE_INFINITY && !ruled?.refused(slot)) {
      const node = volumes && model.slots[slot];
      if (!node || !volumes.refused(node)) {
        slots[count] = slot;
        scores[count] = score;
        count += 1;
      }
    }
    slot = slot + 1 === total ? 0 : slot + 1;
  }
  found.count = count;
  if (topology) addTopologyScores(found, topology, state.weightsOf(pod));
  const best = bestOf(found);
  if (best === undefined) return undefined;
  state.next = walked < total ? slot : (best + 1) % total;
  return model.slots[best];
}

function bestOf({ count, slots, scores }: Found): number | undefined {
  let best: number | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? 0;
    if (score <= bestScore) continue;
    bestScore = score;
    best = slots[i];
  }
  return best;
}

/** Both are brought to 0..100 over the nodes that will do. */
function addTopologyScores(found: Found, topology: TopologyView, weights: Weights): void {
  const { count, slots, scores, costs, attractions } = found;
  if (topology.spreads) {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const cost = topology.spreadCost(slots[i] ?? 0);
      costs[i] = cost;
      if (cost < least) least = cost;
      if (cost > most) most = cost;
    }
    for (let i = 0; i < count; i++) {
      const cost = costs[i] ?? 0;
      if (Number.isNaN(cost)) continue;
      const score = most === 0 ? 100 : (100 * (most + least - cost)) / most;
      scores[i] = (scores[i] ?? 0) + weights.podTopologySpread * score;
    }
  }
  if (!topology.attracts) return;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const attraction = topology.attraction(slots[i] ?? 0);
    attractions[i] = attraction;
    if (attraction < least) least = attraction;
    if (attraction > most) most = attraction;
  }
  if (most <= least) return;
  for (let i = 0; i < count; i++)
    scores[i] = (scores[i] ?? 0) + (weights.interPodAffinity * 100 * ((attractions[i] ?? 0) - least)) / (most - least);
}

const noPreemption = { preemption: undefined, soughtRoom: false, displaced: [] } as const;

function reject(
  state: SchedulerState,
  pod: PodInfo,
  plan: ClassPlan,
  topology: TopologyView | undefined,
  volumes: VolumeView | undefined,
  mayPreempt: boolean,
): Rejection {
  const { model } = state;
  const why = explain(model, plan, topology, volumes);
  if (model.nodes.size === 0 || !mayPreempt) return { pod, ...why, ...noPreemption };
  const attempt = state.preemptions.find({ model, pod, plan, topology, volumes });
  const { preemption } = attempt;
  const displaced = preemption ? model.nominate(pod, preemption.node) : [];
  if (!preemption && !attempt.keepsNomination) model.withdraw(pod.key);
  const message = `${why.message} ${attempt.message}`.trimEnd();
  return { pod, message, blockedBy: why.blockedBy, preemption, soughtRoom: true, displaced };
}
