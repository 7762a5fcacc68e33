// autoscaling/v1 shows one CPU target of what v2 stores; the rest travels in annotations, so that a round trip loses nothing.

import type {
  V1HorizontalPodAutoscalerSpec,
  V1HorizontalPodAutoscalerStatus,
  V2HorizontalPodAutoscalerBehavior,
  V2HorizontalPodAutoscalerCondition,
  V2HorizontalPodAutoscalerSpec,
  V2HorizontalPodAutoscalerStatus,
  V2MetricSpec,
  V2MetricStatus,
} from '../../../../generated/kubernetes.ts';
import { parseJson } from '../../../machinery/json.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { getOwn } from '../../../machinery/own.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const annotations = {
  metrics: `${prefix}metrics`,
  behavior: `${prefix}behavior`,
  conditions: `${prefix}conditions`,
  currentMetrics: `${prefix}current-metrics`,
};

/** Percent of what the pods request. */
const defaultCpuUtilization = 80;

export const conversion = { toStorage, fromStorage };

function toStorage(object: KubeObject): KubeObject {
  // The definition's schema has checked the shape of `object`.
  const spec = object['spec'] as V1HorizontalPodAutoscalerSpec | undefined;
  const status = object['status'] as V1HorizontalPodAutoscalerStatus | undefined;
  const held = object.metadata.annotations ?? {};
  const cpu = spec?.targetCPUUtilizationPercentage;
  const others = read<V2MetricSpec[]>(getOwn(held, annotations.metrics)) ?? [];
  // Without any metric the target is the CPU, as v2's own defaulting says.
  const target = cpu ?? (others.length === 0 ? defaultCpuUtilization : undefined);
  const metrics = [...(target === undefined ? [] : [cpuTarget(target)]), ...others];
  const behavior = read<V2HorizontalPodAutoscalerBehavior>(getOwn(held, annotations.behavior));
  const conditions = read<V2HorizontalPodAutoscalerCondition[]>(getOwn(held, annotations.conditions));
  const otherCurrent = read<V2MetricStatus[]>(getOwn(held, annotations.currentMetrics)) ?? [];
  const current = status?.currentCPUUtilizationPercentage;
  const currentMetrics = [...(current === undefined ? [] : [cpuStatus(current)]), ...otherCurrent];
  const { targetCPUUtilizationPercentage: _target, ...restOfSpec } = spec ?? {};
  const { currentCPUUtilizationPercentage: _current, ...restOfStatus } = status ?? {};
  return {
    ...object,
    ...(object.apiVersion !== undefined && { apiVersion: 'autoscaling/v2' }),
    metadata: withAnnotations(object, {}),
    ...(spec && { spec: { ...restOfSpec, metrics, ...(behavior && { behavior }) } }),
    ...((status || conditions) && {
      status: {
        ...restOfStatus,
        ...(conditions && { conditions }),
        ...(currentMetrics.length > 0 && { currentMetrics }),
      },
    }),
  };
}

function fromStorage(object: KubeObject): KubeObject {
  // Stored objects have passed the schema of v2.
  const spec = object['spec'] as V2HorizontalPodAutoscalerSpec | undefined;
  const status = object['status'] as V2HorizontalPodAutoscalerStatus | undefined;
  const { metrics = [], behavior, ...restOfSpec } = spec ?? {};
  const { conditions = [], currentMetrics: measured, ...restOfStatus } = status ?? {};
  const currentMetrics = measured ?? [];
  const cpu = metrics.find((each) => targetOfCpu(each) !== undefined);
  const currentCpu = currentMetrics.find((each) => currentOfCpu(each) !== undefined);
  const others = metrics.filter((each) => each !== cpu);
  const otherCurrent = currentMetrics.filter((each) => each !== currentCpu);
  return {
    ...object,
    ...(object.apiVersion !== undefined && { apiVersion: 'autoscaling/v1' }),
    metadata: withAnnotations(object, {
      ...(others.length > 0 && { [annotations.metrics]: JSON.stringify(others) }),
      ...(behavior && { [annotations.behavior]: JSON.stringify(behavior) }),
      ...(conditions.length > 0 && { [annotations.conditions]: JSON.stringify(conditions) }),
      ...(otherCurrent.length > 0 && { [annotations.currentMetrics]: JSON.stringify(otherCurrent) }),
    }),
    ...(spec && { spec: { ...restOfSpec, ...(cpu && { targetCPUUtilizationPercentage: targetOfCpu(cpu) }) } }),
    ...(status && {
      status: {
        ...restOfStatus,
        currentReplicas: status.currentReplicas ?? 0,
        ...(currentCpu && { currentCPUUtilizationPercentage: currentOfCpu(currentCpu) }),
      },
    }),
  };
}

function withAnnotations(object: KubeObject, added: Record<string, string>): KubeObject['metadata'] {
  const { annotations: held = {}, ...rest } = object.metadata;
  const ours = new Set(Object.values(annotations));
  const kept = Object.fromEntries(Object.entries(held).filter(([key]) => !ours.has(key)));
  const all = { ...kept, ...added };
  return Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest;
}

function cpuTarget(averageUtilization: number): V2MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuStatus(averageUtilization: number): V2MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

function targetOfCpu({ type, resource }: V2MetricSpec): number | undefined {
  return type === 'Resource' && resource?.name === 'cpu' ? resource.target.averageUtilization : undefined;
}

function currentOfCpu({ type, resource }: V2MetricStatus): number | undefined {
  return type === 'Resource' && resource?.name === 'cpu' ? resource.current.averageUtilization : undefined;
}

/** A text that is not JSON is somebody's own annotation, and says nothing. */
function read<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    // What fromStorage wrote, or what a user claims it to be: validation of v2 follows.
    return parseJson(text) as T;
  } catch {
    return undefined;
  }
}
