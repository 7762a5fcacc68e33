// From what the metrics call for to how many replicas there shall be: held steady, no faster than the policies allow, within the
// bounds. Source: KEP-853 (configurable scaling velocity); kubernetes.io, Horizontal Pod Autoscaling, "Default behavior".

import type { V2HorizontalPodAutoscalerSpec, V2HPAScalingRules } from '../../generated/kubernetes.ts';
import { changed, type History, recent } from './horizontal-pod-autoscaler-history.ts';

export interface Proposed {
  readonly current: number;
  /** What the metrics, or the bounds, call for. */
  readonly wanted: number;
  readonly history: History;
  /** Unix milliseconds. */
  readonly now: number;
  /** When the last recommendation of `history` was last made, in Unix milliseconds. */
  readonly confirmedAt: number;
}

export interface Reason {
  readonly reason: string;
  readonly message: string;
}

export interface Settled {
  readonly replicas: number;
  /** For the condition AbleToScale. */
  readonly able: Reason;
  /** For the condition ScalingLimited. */
  readonly limited: Reason & { readonly status: 'True' | 'False' };
}

/** --horizontal-pod-autoscaler-downscale-stabilization. */
const downscaleStabilizationSeconds = 300;

const ready: Reason = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const stabilizedDown: Reason = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const stabilizedUp: Reason = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const within: Reason = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
const tooMany: Reason = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const tooFew: Reason = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const tooFastUp: Reason = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const tooFastDown: Reason = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};

export function settle(spec: V2HorizontalPodAutoscalerSpec, proposed: Proposed): Settled {
  const { wanted, current } = proposed;
  const stable = stabilize(spec, proposed);
  const able = stable === wanted ? ready : spec.behavior && wanted >= current ? stabilizedUp : stabilizedDown;
  const { replicas, ...limit } = bound(spec, proposed, stable);
  return { replicas, able, limited: { ...limit, status: replicas === stable ? 'False' : 'True' } };
}

/** The longest time for which recommendations count, in milliseconds. */
export function stabilizationMs({ behavior }: V2HorizontalPodAutoscalerSpec): number {
  return Math.max(...windows(behavior)) * 1000;
}

/** The longest time for which changes count, in milliseconds. */
export function policyPeriodMs({ behavior }: V2HorizontalPodAutoscalerSpec): number {
  const policies = [...(behavior?.scaleUp?.policies ?? []), ...(behavior?.scaleDown?.policies ?? [])];
  return Math.max(0, ...policies.map((each) => each.periodSeconds)) * 1000;
}

function windows(behavior: V2HorizontalPodAutoscalerSpec['behavior']): [up: number, down: number] {
  const down = behavior?.scaleDown?.stabilizationWindowSeconds ?? downscaleStabilizationSeconds;
  return [behavior?.scaleUp?.stabilizationWindowSeconds ?? 0, down];
}

function stabilize({ behavior }: V2HorizontalPodAutoscalerSpec, proposed: Proposed): number {
  const { current, wanted, history, now, confirmedAt } = proposed;
  const [up, down] = windows(behavior).map((seconds) =>
    recent(history.recommendations, seconds * 1000, now, confirmedAt),
  ) as [number[], number[]]; // as: two windows give two lists.
  const highest = Math.max(wanted, ...down);
  if (!behavior) return highest;
  const lowest = Math.min(wanted, ...up);
  return Math.min(Math.max(current, lowest), highest);
}

function bound(spec: V2HorizontalPodAutoscalerSpec, proposed: Proposed, wanted: number): Reason & { replicas: number } {
  const { current } = proposed;
  const { minReplicas = 1, maxReplicas, behavior } = spec;
  if (!behavior) {
    // Without behavior a count may double, and reach four at once.
    const fastest = Math.max(2 * current, 4);
    return wanted < minReplicas ? { replicas: minReplicas, ...tooFew } : boundAbove(wanted, fastest, maxReplicas);
  }
  if (wanted > current) {
    const fastest = Math.max(current, highestBy(behavior.scaleUp, proposed));
    return boundAbove(wanted, fastest, maxReplicas);
  }
  if (wanted < current) {
    const fastest = Math.min(current, lowestBy(behavior.scaleDown, proposed));
    if (wanted >= Math.max(fastest, minReplicas)) return { replicas: wanted, ...within };
    return minReplicas < fastest ? { replicas: fastest, ...tooFastDown } : { replicas: minReplicas, ...tooFew };
  }
  return { replicas: wanted, ...within };
}

function boundAbove(wanted: number, fastest: number, maxReplicas: number): Reason & { replicas: number } {
  if (wanted <= Math.min(fastest, maxReplicas)) return { replicas: wanted, ...within };
  return maxReplicas > fastest ? { replicas: fastest, ...tooFastUp } : { replicas: maxReplicas, ...tooMany };
}

function highestBy(rules: V2HPAScalingRules | undefined, { current, history, now }: Proposed): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const periodMs = periodSeconds * 1000;
    const start = current - changed(history.ups, periodMs, now) + changed(history.downs, periodMs, now);
    return type === 'Pods' ? start + value : Math.ceil((start * (100 + value)) / 100);
  });
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function lowestBy(rules: V2HPAScalingRules | undefined, { current, history, now }: Proposed): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const periodMs = periodSeconds * 1000;
    const start = current + changed(history.downs, periodMs, now) - changed(history.ups, periodMs, now);
    return type === 'Pods' ? start - value : Math.trunc((start * (100 - value)) / 100);
  });
  // Max is the largest change: the lowest count.
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}
