// How many replicas a metric calls for. Pods that say nothing, or whose word does not count yet, may hold a change back but never
// drive one. Source: kubernetes.io, Horizontal Pod Autoscaling, "Algorithm details".

import { lastingContainers } from '../../core/kinds/core/pod/semantics/containers.ts';
import { isReady } from '../../core/kinds/core/pod/semantics/state.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { parseQuantity, quantityMilliValue } from '../../core/machinery/quantity.ts';
import type { PodSample } from './horizontal-pod-autoscaler-samples.ts';
import type { Pod } from './pod-state.ts';

/** How far a ratio may be from 1 without a change: 0.1 is ten percent. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Scaled {
  /** Replicas now. */
  readonly replicas: number;
  /** All pods that the target's selector selects. */
  readonly pods: readonly Pod[];
  readonly tolerance: Tolerance;
  /** Unix milliseconds. */
  readonly now: number;
}

/** `used` is in thousandths a pod; `utilization` in percent of what the pods request. */
export interface Called {
  readonly replicas: number;
  readonly used: number;
  readonly utilization?: number;
}

/** After its start, a pod's CPU counts for so long only while it is ready (--horizontal-pod-autoscaler-cpu-initialization-period). */
const cpuInitializationMs = 5 * 60_000;
/** A pod that was never ready within so long of its start has not started (--horizontal-pod-autoscaler-initial-readiness-delay). */
const initialReadinessMs = 30_000;

/** By an average in thousandths a pod. Throws an Error when nothing can be told. */
export function replicasForAverage(
  scaled: Scaled,
  samples: ReadonlyMap<string, PodSample>,
  target: number,
  resource?: string,
): Called {
  const usedBy = (values: ReadonlyMap<string, number>) => Math.trunc(sum(values.values()) / values.size);
  return replicasFor(scaled, samples, resource, {
    measure: (values) => ({ ratio: usedBy(values) / target, used: usedBy(values) }),
    assumed: () => target,
  });
}

/** By a percentage of the request, of one container or of the whole pod. Throws an Error when nothing can be told. */
export function replicasForUtilization(
  scaled: Scaled,
  samples: ReadonlyMap<string, PodSample>,
  target: number,
  resource: string,
  container?: string,
): Called {
  const requests = new Map(scaled.pods.map((pod) => [pod.metadata.name, request(pod, resource, container)]));
  // Missing pods count as fully used when fewer would do, or as at their target when that is above all of their request.
  const assumedPercent = Math.max(100, target);
  return replicasFor(scaled, samples, resource, {
    measure(values) {
      let used = 0;
      let requested = 0;
      for (const [pod, value] of values) {
        const of = requests.get(pod);
        if (of === undefined) continue;
        used += value;
        requested += of;
      }
      if (requested === 0) throw new Error('no metrics returned matched known pods');
      const utilization = Math.trunc((used * 100) / requested);
      return { ratio: utilization / target, used: Math.trunc(used / values.size), utilization };
    },
    assumed: (pod) => Math.trunc(((requests.get(pod) ?? 0) * assumedPercent) / 100),
  });
}

/** By one value in thousandths for all pods together. Throws an Error when the target selects no pods. */
export function replicasForValue({ replicas, pods, tolerance }: Scaled, value: number, target: number): Called {
  const ratio = value / target;
  if (replicas === 0) return { replicas: Math.ceil(ratio), used: value };
  if (isWithin(tolerance, ratio)) return { replicas, used: value };
  if (pods.length === 0) throw noPods();
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  return { replicas: Math.ceil(ratio * ready), used: value };
}

/** By one value for all pods together, as so much a pod. `replicas` of `scaled` are those that the target's status counts. */
export function replicasForValuePerPod({ replicas, tolerance }: Scaled, value: number, target: number): Called {
  const within = isWithin(tolerance, value / (target * replicas));
  return {
    replicas: within ? replicas : Math.ceil(value / target),
    used: replicas === 0 ? 0 : Math.ceil(value / replicas),
  };
}

interface Measured extends Omit<Called, 'replicas'> {
  readonly ratio: number;
}

interface Rule {
  /** Throws an Error when these values say nothing. */
  measure(values: ReadonlyMap<string, number>): Measured;
  /** What a pod without metrics is taken to use when the others would let the number fall. */
  assumed(pod: string): number;
}

function replicasFor(
  { replicas, pods, tolerance, now }: Scaled,
  samples: ReadonlyMap<string, PodSample>,
  resource: string | undefined,
  { measure, assumed }: Rule,
): Called {
  if (pods.length === 0) throw noPods();
  const { ready, unready, missing, ignored } = groups(pods, samples, resource, now);
  const values = new Map<string, number>();
  for (const [pod, { value }] of samples) if (!ignored.has(pod) && !unready.has(pod)) values.set(pod, value);
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const { ratio, ...measured } = measure(values);
  const holdBack = unready.size > 0 && ratio > 1;
  if (!holdBack && missing.size === 0) {
    return { ...measured, replicas: isWithin(tolerance, ratio) ? replicas : Math.ceil(ratio * ready) };
  }
  if (ratio !== 1) for (const pod of missing) values.set(pod, ratio < 1 ? assumed(pod) : 0);
  if (holdBack) for (const pod of unready) values.set(pod, 0);
  const again = measure(values).ratio;
  const turned = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  if (isWithin(tolerance, again) || turned) return { ...measured, replicas };
  const wanted = Math.ceil(again * values.size);
  // With pods filled in, a rise may come out below what is there, and a fall above.
  const backwards = (again < 1 && wanted > replicas) || (again > 1 && wanted < replicas);
  return { ...measured, replicas: backwards ? replicas : wanted };
}

function groups(
  pods: readonly Pod[],
  samples: ReadonlyMap<string, PodSample>,
  resource: string | undefined,
  now: number,
) {
  const [unready, missing, ignored] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let ready = 0;
  for (const pod of pods) {
    const { name } = pod.metadata;
    const sample = samples.get(name);
    if (pod.metadata.deletionTimestamp || pod.status?.phase === 'Failed') ignored.add(name);
    else if (pod.status?.phase === 'Pending') unready.add(name);
    else if (!sample) missing.add(name);
    else if (resource === 'cpu' && isStarting(pod, sample, now)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

/** While a process starts, its CPU says nothing about the load. */
function isStarting(pod: Pod, sample: PodSample, now: number): boolean {
  const condition = pod.status?.conditions?.find((each) => each.type === 'Ready');
  const started = Date.parse(pod.status?.startTime ?? '');
  if (!condition || Number.isNaN(started)) return true;
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const unready = condition.status === 'False';
  // A sample that reaches back before it became ready still measures the start.
  if (started + cpuInitializationMs > now) return unready || sample.at < changed + sample.windowMs;
  return unready && started + initialReadinessMs > changed;
}

/** In thousandths. Throws an Error when a container has no request of the resource. */
function request(pod: Pod, resource: string, container: string | undefined): number {
  const whole = container === undefined ? getOwn(pod.spec?.resources?.requests, resource) : undefined;
  if (whole !== undefined) return quantityMilliValue(parseQuantity(whole));
  const all = lastingContainers(pod.spec);
  const counted = container === undefined ? all : all.filter((each) => each.name === container);
  if (counted.length === 0) throw new Error(`container ${container} not found in Pod ${pod.metadata.name}`);
  return sum(
    counted.map((each) => {
      const asked = getOwn(each.resources?.requests, resource);
      if (asked === undefined)
        throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${pod.metadata.name}`);
      return quantityMilliValue(parseQuantity(asked));
    }),
  );
}

function isWithin({ up, down }: Tolerance, ratio: number): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}

function noPods(): Error {
  return new Error('no pods returned by selector while calculating replica count');
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const each of values) total += each;
  return total;
}
