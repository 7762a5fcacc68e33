// How an autoscaler says what it found and did: conditions in the order that users know, the numbers, and its history.

import type {
  V2HorizontalPodAutoscalerCondition,
  V2HorizontalPodAutoscalerStatus,
} from '../../generated/kubernetes.ts';
import { sameJson, setCondition } from './condition.ts';
import type { Action, ObjectOf } from './controller.ts';
import { type History, writeHistory } from './horizontal-pod-autoscaler-history.ts';

const type = 'autoscaling/horizontalpodautoscalers';
type Autoscaler = ObjectOf<typeof type>;

/** A condition that is True unless it says otherwise. What is absent stays as it was. */
export interface ConditionFinding {
  readonly status?: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface Findings {
  readonly able?: ConditionFinding;
  readonly active?: ConditionFinding;
  readonly limited?: ConditionFinding;
  readonly status?: Partial<V2HorizontalPodAutoscalerStatus>;
  readonly history?: History;
}

/** Nothing when nothing changed. */
export function report(autoscaler: Autoscaler, findings: Findings, now: number): Action<typeof type>[] {
  const { metadata, status } = autoscaler;
  let conditions: V2HorizontalPodAutoscalerCondition[] = status?.conditions ?? [];
  const found = { AbleToScale: findings.able, ScalingActive: findings.active, ScalingLimited: findings.limited };
  for (const [name, condition] of Object.entries(found))
    if (condition) conditions = setCondition(conditions, { type: name, status: 'True', ...condition }, now);
  const next: V2HorizontalPodAutoscalerStatus = {
    currentReplicas: 0,
    desiredReplicas: 0,
    ...status,
    ...findings.status,
    conditions,
    ...(metadata.generation !== undefined && { observedGeneration: metadata.generation }),
  };
  const annotations = { ...metadata.annotations, ...(findings.history && writeHistory(findings.history)) };
  if (sameJson(next, status ?? {}) && sameJson(annotations, metadata.annotations ?? {})) return [];
  const object = { ...autoscaler, metadata: { ...metadata, annotations }, status: next };
  return [{ do: 'update', type, subresource: 'status', object }];
}
