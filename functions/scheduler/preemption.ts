// Which pods of lower priority have to leave which node so that a pod can run. The fewest and least important ones, those whose
// disruption budget allows it before others. Pure: the caller deletes them.
// Source: Kubernetes' documentation, "Pod Priority and Preemption".

import { type LabelSelector, labelSelectorOf, matchesLabels } from '../../core/machinery/labels.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { V1PodDisruptionBudget } from '../../generated/kubernetes.ts';
import type { ClassPlan } from './class-plan.ts';
import { countedReasons } from './explain.ts';
import { refusedByResourcesOrPorts } from './filters.ts';
import type { Model } from './model.ts';
import { addPod, type NodeState, removePod } from './node-state.ts';
import type { PodInfo } from './pod-info.ts';
import { listOf, type Reasons } from './reason.ts';
import { type TopologyView, topologyView } from './topology.ts';
import { type VolumeView, volumeView } from './volumes.ts';

export interface Preemption {
  readonly node: string;
  /** At least one; some may be on their way out already. */
  readonly victims: readonly PodInfo[];
}

export interface PreemptionAttempt {
  readonly preemption: Preemption | undefined;
  /** `preemption: 0/3 nodes are available: ...`, or why it was not tried; empty when it helps. */
  readonly message: string;
  /** Pods are leaving for this one already. */
  readonly keepsNomination: boolean;
}

interface Question {
  readonly model: Model;
  readonly pod: PodInfo;
  readonly plan: ClassPlan;
  readonly topology: TopologyView | undefined;
  readonly volumes: VolumeView | undefined;
}

/** What it takes on one node, or why it does not help. */
interface Price {
  readonly victims: readonly PodInfo[];
  readonly violations: number;
  readonly highest: number;
  readonly sum: number;
  /** When the youngest start among the most important victims was: the later the better. */
  readonly started: string;
  readonly refused: Reasons | undefined;
}

/** Prices by node, for pods of one class that no other pod matters to. */
interface Prices {
  readonly versions: number[];
  readonly bySlot: (Price | undefined)[];
  budgetVersion: number;
}

const notHelpful = listOf({ text: 'Preemption is not helpful for scheduling', preemptable: false, kind: 'node' });
const noVictims = listOf({ text: 'No preemption victims found for incoming pod', preemptable: false, kind: 'room' });
/** Priorities are at least -2^31: each victim counts for something. */
const priorityOffset = 2 ** 31 + 1;
/** When other pods matter, each node is tried by taking pods out of the model: enough nodes are tried, not all. */
const enoughTried = 100;
const manyClasses = 64;

export class Preemptions {
  readonly #prices = new Map<ClassPlan, Prices>();
  #next = 0;

  find(question: Question): PreemptionAttempt {
    const { model, pod, plan, topology, volumes } = question;
    if (pod.pod.spec?.preemptionPolicy === 'Never')
      return untried('not eligible due to preemptionPolicy=Never.', false);
    const nominated = model.nominatedNode(pod.key);
    if (nominated && !plan.refusedByNode(nominated.slot) && leavingFor(pod, nominated))
      return untried('not eligible due to a terminating pod on the nominated node.', true);
    const counts = new Map<Reasons, number>();
    const count = (reasons: Reasons) => counts.set(reasons, (counts.get(reasons) ?? 0) + 1);
    const alone = !topology?.required && !volumes;
    const prices = alone ? this.#pricesOf(plan, model) : undefined;
    const budgets = new Budgets(model);
    let best: { readonly node: NodeState; readonly price: Price } | undefined;
    let tried = 0;
    const total = model.slots.length;
    for (let i = 0; i < total && tried < enoughTried; i++) {
      const slot = (this.#next + i) % total;
      const node = model.slots[slot];
      if (!node) continue;
      if (!mayHelp(question, node)) {
        count(notHelpful);
        continue;
      }
      const price = prices ? priceOf(prices, question, node, budgets) : tryOut(question, node, budgets);
      if (price.refused) {
        count(price.refused);
        continue;
      }
      if (!prices) tried += 1;
      if (!best || isCheaper(price, best.price)) best = { node, price };
    }
    if (best) {
      this.#next = best.node.slot + 1;
      const preemption = { node: best.node.name, victims: best.price.victims };
      return { preemption, message: '', keepsNomination: true };
    }
    return { preemption: undefined, message: failureMessage(model, counts), keepsNomination: false };
  }

  #pricesOf(plan: ClassPlan, model: Model): Prices {
    const known = this.#prices.get(plan);
    if (known?.budgetVersion === model.budgetVersion) return known;
    const fresh: Prices = { versions: [], bySlot: [], budgetVersion: model.budgetVersion };
    this.#prices.delete(plan);
    this.#prices.set(plan, fresh);
    const [oldest] = this.#prices.keys();
    if (this.#prices.size > manyClasses && oldest) this.#prices.delete(oldest);
    return fresh;
  }
}

function untried(message: string, keepsNomination: boolean): PreemptionAttempt {
  return { preemption: undefined, message: `preemption: ${message}`, keepsNomination };
}

function failureMessage(model: Model, counts: ReadonlyMap<Reasons, number>): string {
  return `preemption: 0/${model.nodes.size} nodes are available: ${countedReasons(counts)}.`;
}

function leavingFor(pod: PodInfo, node: NodeState): boolean {
  for (const other of node.pods.values()) if (other.terminating && other.priority < pod.priority) return true;
  return false;
}

/** Whether the node refuses only for what other pods do there. */
function mayHelp({ plan, topology, volumes }: Question, node: NodeState): boolean {
  if (volumes?.never !== undefined) return false;
  const refused = plan.refused(node.slot) ?? volumes?.refused(node) ?? topology?.refused(node.slot);
  return refused?.every((each) => each.preemptable) ?? false;
}

function priceOf(prices: Prices, question: Question, node: NodeState, budgets: Budgets): Price {
  const version = question.model.versions[node.slot] ?? 0;
  const known = prices.bySlot[node.slot];
  if (known && prices.versions[node.slot] === version) return known;
  const { pod } = question;
  const price = tryNode(pod, node, budgets, {
    fits: () => !refusedByResourcesOrPorts(pod.class, node, pod.key),
    take: (victim) => removePod(node, victim),
    give: (victim) => addPod(node, victim),
  });
  prices.versions[node.slot] = version;
  prices.bySlot[node.slot] = price;
  return price;
}

/** The same where pods matter to each other: on the model itself, which is put back as it was. */
function tryOut({ model, pod, plan }: Question, node: NodeState, budgets: Budgets): Price {
  return tryNode(pod, node, budgets, {
    fits() {
      if (plan.refusedByNode(node.slot) || refusedByResourcesOrPorts(pod.class, node, pod.key)) return false;
      return !topologyView(pod, model)?.refused(node.slot) && !volumeView(pod, model)?.refused(node);
    },
    take: (victim) => void model.removePod(victim.key),
    give: (victim) => model.placePod(victim, node.name),
  });
}

interface Trial {
  fits(): boolean;
  take(victim: PodInfo): void;
  give(victim: PodInfo): void;
}

function tryNode(pod: PodInfo, node: NodeState, budgets: Budgets, trial: Trial): Price {
  const lower = [...node.pods.values()].filter((each) => each.priority < pod.priority);
  if (lower.length === 0) return refusedPrice(noVictims);
  lower.sort(byImportance);
  for (const each of lower) trial.take(each);
  if (!trial.fits()) {
    for (const each of lower) trial.give(each);
    return refusedPrice(noVictims);
  }
  const { violating, others } = budgets.split(lower);
  const victims: PodInfo[] = [];
  let violations = 0;
  // The most important come back first; whoever no longer fits then has to leave.
  for (const list of [violating, others]) {
    for (const each of list) {
      trial.give(each);
      if (trial.fits()) continue;
      trial.take(each);
      victims.push(each);
      if (list === violating) violations += 1;
    }
  }
  for (const each of victims) trial.give(each);
  victims.sort(byImportance);
  const highest = victims[0]?.priority ?? Number.NEGATIVE_INFINITY;
  const started = victims
    .filter((each) => each.priority === highest)
    .reduce((first, each) => (first === '' || each.started < first ? each.started : first), '');
  const sum = victims.reduce((total, each) => total + each.priority + priorityOffset, 0);
  return { victims, violations, highest, sum, started, refused: undefined };
}

function refusedPrice(refused: Reasons): Price {
  return { victims: [], violations: 0, highest: 0, sum: 0, started: '', refused };
}

function isCheaper(left: Price, right: Price): boolean {
  if (left.violations !== right.violations) return left.violations < right.violations;
  if (left.highest !== right.highest) return left.highest < right.highest;
  if (left.sum !== right.sum) return left.sum < right.sum;
  if (left.victims.length !== right.victims.length) return left.victims.length < right.victims.length;
  return left.started > right.started;
}

/** Higher priority first, then who runs for longer. */
function byImportance(left: PodInfo, right: PodInfo): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  return left.started < right.started ? -1 : left.started > right.started ? 1 : left.key < right.key ? -1 : 1;
}

/** Which of some pods could not leave without breaking a disruption budget. */
class Budgets {
  readonly #budgets: readonly {
    readonly budget: V1PodDisruptionBudget;
    readonly selector: LabelSelector | undefined;
  }[];

  constructor(model: Model) {
    this.#budgets = [...model.budgets.values()].map((budget) => ({
      budget,
      selector: labelSelectorOf(budget.spec?.selector),
    }));
  }

  split(pods: readonly PodInfo[]): { violating: PodInfo[]; others: PodInfo[] } {
    const violating: PodInfo[] = [];
    const others: PodInfo[] = [];
    const left = this.#budgets.map(({ budget }) => budget.status?.disruptionsAllowed ?? 0);
    for (const pod of pods) {
      let breaks = false;
      this.#budgets.forEach(({ budget, selector }, i) => {
        if (budget.metadata?.namespace !== pod.namespace || !matchesLabels(selector, pod.labels)) return;
        // It was counted as gone when its eviction was allowed.
        if (getOwn(budget.status?.disruptedPods, pod.name) !== undefined) return;
        left[i] = (left[i] ?? 0) - 1;
        if ((left[i] ?? 0) < 0) breaks = true;
      });
      (breaks ? violating : others).push(pod);
    }
    return { violating, others };
  }
}
