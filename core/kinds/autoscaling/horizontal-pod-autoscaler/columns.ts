// Columns of horizontal pod autoscalers; TARGETS shows each metric as current/target.

import type { V2HorizontalPodAutoscaler, V2MetricSpec, V2MetricStatus } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, none, text, unknown, unset } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { conversion } from './conversion.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V2HorizontalPodAutoscaler>(
    'Reference',
    ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`,
  ),
  text<KubeObject>('Targets', (object) => targets(object)),
  text<V2HorizontalPodAutoscaler>('MinPods', ({ spec }) => String(spec?.minReplicas ?? unset)),
  integer<V2HorizontalPodAutoscaler>('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  integer<V2HorizontalPodAutoscaler>('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];

const maxShown = 2;

function targets(object: KubeObject): string {
  const inV2 = object.apiVersion === 'autoscaling/v1' ? conversion.toStorage(object) : object;
  // Either it was v2, or it has just been converted.
  const { spec, status } = inV2 as V2HorizontalPodAutoscaler;
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return none;
  const shown = metrics.slice(0, maxShown).map((metric, index) => target(metric, status?.currentMetrics?.[index]));
  const rest = metrics.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} + ${rest} more...` : shown.join(', ');
}

function target(metric: V2MetricSpec, current: V2MetricStatus | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return `${metric.resource?.name}: ${share(current?.resource?.current, metric.resource?.target)}`;
    case 'ContainerResource':
      return `${metric.containerResource?.name}: ${share(current?.containerResource?.current, metric.containerResource?.target)}`;
    case 'Pods':
      return `${current?.pods?.current.averageValue ?? unknown}/${metric.pods?.target.averageValue}`;
    case 'Object':
      return average(current?.object?.current, metric.object?.target);
    case 'External':
      return average(current?.external?.current, metric.external?.target);
    default:
      return '<unknown type>';
  }
}

interface Value {
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

function share(current: Value | undefined, wanted: Value | undefined): string {
  if (wanted?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${wanted.averageValue}`;
  const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
  return `${now}/${wanted?.averageUtilization === undefined ? '<auto>' : `${wanted.averageUtilization}%`}`;
}

function average(current: Value | undefined, wanted: Value | undefined): string {
  if (wanted?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${wanted.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${wanted?.value}`;
}
