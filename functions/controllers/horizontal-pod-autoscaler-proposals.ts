// What each metric of an autoscaler calls for, and all of them together: the highest number wins, and while some metric is unknown
// nothing is taken away. Source: kubernetes.io, Horizontal Pod Autoscaling, "Scaling on multiple metrics".

import { errorText } from '../../core/machinery/error-text.ts';
import { formatQuantity, parseQuantity, quantityMilliValue } from '../../core/machinery/quantity.ts';
import type { V2MetricSpec, V2MetricStatus, V2MetricTarget, V2MetricValueStatus } from '../../generated/kubernetes.ts';
import {
  type Called,
  replicasForAverage,
  replicasForUtilization,
  replicasForValue,
  replicasForValuePerPod,
  type Scaled,
} from './horizontal-pod-autoscaler-replicas.ts';
import type { PodSample, Sample } from './horizontal-pod-autoscaler-samples.ts';

export interface Proposals {
  /** Absent when too little is known to change anything. */
  readonly wanted?: { readonly replicas: number; readonly metric: string };
  readonly statuses: readonly V2MetricStatus[];
  /** The first metric that tells nothing. */
  readonly failure?: { readonly reason: string; readonly message: string; readonly summary: string };
}

interface Proposal {
  readonly replicas: number;
  readonly metric: string;
  readonly status: V2MetricStatus;
}

/** `statusReplicas`: as the target's status counts them. */
export function propose(
  scaled: Scaled,
  statusReplicas: number,
  metrics: readonly V2MetricSpec[],
  samples: readonly Sample[],
): Proposals {
  const proposals: Proposal[] = [];
  const statuses: V2MetricStatus[] = [];
  const failures: { metric: V2MetricSpec; message: string }[] = [];
  for (const [i, metric] of metrics.entries()) {
    const sample = samples[i] ?? { failure: 'it was not read' };
    try {
      if ('failure' in sample) throw new Error(contextOf(metric) + sample.failure);
      const proposal = proposalOf(scaled, statusReplicas, metric, sample);
      proposals.push(proposal);
      statuses.push(proposal.status);
    } catch (error) {
      // Statuses stand in the order of the metrics: what is unknown keeps its place.
      statuses.push({ type: '' });
      failures.push({ metric, message: errorText(error) });
    }
  }
  const [first] = failures;
  const failure = first && {
    reason: `FailedGet${first.metric.type}Metric`,
    message: `the HPA was unable to compute the replica count: ${first.message}`,
    summary: `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${summaryOf(first.metric)}${first.message}`,
  };
  let wanted: Proposal | undefined;
  for (const each of proposals) if (!wanted || each.replicas > wanted.replicas) wanted = each;
  const known = wanted && (!failure || wanted.replicas >= scaled.replicas);
  return {
    statuses,
    ...(failure && { failure }),
    ...(wanted && known && { wanted: { replicas: wanted.replicas, metric: wanted.metric } }),
  };
}

function proposalOf(
  scaled: Scaled,
  statusReplicas: number,
  metric: V2MetricSpec,
  sample: Exclude<Sample, { failure: string }>,
): Proposal {
  const pods = 'pods' in sample ? sample.pods : new Map<string, PodSample>();
  const value = 'value' in sample ? sample.value : 0;
  switch (metric.type) {
    case 'Resource': {
      const { name = '', target } = metric.resource ?? {};
      const called = byResource(scaled, pods, target, name);
      const status = { type: metric.type, resource: { name, current: currentOf(called) } };
      return { replicas: called.replicas, metric: resourceText(name, target, ''), status };
    }
    case 'ContainerResource': {
      const { name = '', container = '', target } = metric.containerResource ?? {};
      const called = byResource(scaled, pods, target, name, container);
      const status = { type: metric.type, containerResource: { name, container, current: currentOf(called) } };
      return { replicas: called.replicas, metric: resourceText(name, target, 'container '), status };
    }
    case 'Pods': {
      const { metric: identifier = { name: '' }, target } = metric.pods ?? {};
      const called = replicasForAverage(scaled, pods, milliOf(target?.averageValue));
      const status = { type: metric.type, pods: { metric: identifier, current: currentOf(called) } };
      return { replicas: called.replicas, metric: `pods metric ${identifier.name}`, status };
    }
    case 'Object': {
      const {
        metric: identifier = { name: '' },
        target,
        describedObject = { kind: '', name: '' },
      } = metric.object ?? {};
      const [called, current] = byValue(scaled, statusReplicas, value, target);
      const status = { type: metric.type, object: { metric: identifier, describedObject, current } };
      return { replicas: called.replicas, metric: `${describedObject.kind} metric ${identifier.name}`, status };
    }
    default: {
      const { metric: identifier = { name: '' }, target } = metric.external ?? {};
      const [called, current] = byValue(scaled, statusReplicas, value, target);
      const status = { type: 'External', external: { metric: identifier, current } };
      return { replicas: called.replicas, metric: `external metric ${identifier.name}`, status };
    }
  }
}

function byResource(
  scaled: Scaled,
  samples: ReadonlyMap<string, PodSample>,
  target: V2MetricTarget | undefined,
  resource: string,
  container?: string,
): Called {
  if (target?.averageValue !== undefined)
    return replicasForAverage(scaled, samples, milliOf(target.averageValue), resource);
  if (target?.averageUtilization === undefined)
    throw new Error(
      'invalid resource metric source: neither an average utilization nor an average value target was set',
    );
  return replicasForUtilization(scaled, samples, target.averageUtilization, resource, container);
}

function byValue(
  scaled: Scaled,
  statusReplicas: number,
  value: number,
  target: V2MetricTarget | undefined,
): [Called, V2MetricValueStatus] {
  if (target?.averageValue !== undefined) {
    const perPod = { ...scaled, replicas: statusReplicas };
    const called = replicasForValuePerPod(perPod, value, milliOf(target.averageValue));
    return [called, { averageValue: textOf(called.used) }];
  }
  if (target?.value === undefined)
    throw new Error('invalid metric source: neither a value target nor an average value target was set');
  return [replicasForValue(scaled, value, milliOf(target.value)), { value: textOf(value) }];
}

function currentOf({ used, utilization }: Called): V2MetricValueStatus {
  return { ...(utilization !== undefined && { averageUtilization: utilization }), averageValue: textOf(used) };
}

function resourceText(name: string, target: V2MetricTarget | undefined, what: string): string {
  return target?.averageValue === undefined
    ? `${name} ${what}resource utilization (percentage of request)`
    : `${name} ${what}resource`;
}

/** What was being computed when a sample was missing. */
function contextOf(metric: V2MetricSpec): string {
  switch (metric.type) {
    case 'Resource':
    case 'ContainerResource': {
      const source = metric.resource ?? metric.containerResource;
      const what = source?.target.averageValue === undefined ? 'utilization' : 'usage';
      return `failed to get ${source?.name} ${what}: unable to get metrics for resource ${source?.name}: `;
    }
    case 'Pods':
      return `unable to get metric ${metric.pods?.metric.name}: `;
    case 'Object': {
      const { describedObject, metric: identifier } = metric.object ?? {};
      return `unable to get metric ${identifier?.name}: ${describedObject?.kind} on ${describedObject?.name}: `;
    }
    default:
      return `unable to get external metric ${metric.external?.metric.name}: `;
  }
}

function summaryOf(metric: V2MetricSpec): string {
  switch (metric.type) {
    case 'Resource':
      return `failed to get ${metric.resource?.name} resource metric value: `;
    case 'ContainerResource':
      return `failed to get ${metric.containerResource?.name} container metric value: `;
    case 'Pods':
      return 'failed to get pods metric value: ';
    case 'Object':
      return 'failed to get object metric value: ';
    default:
      return `failed to get ${metric.external?.metric.name} external metric: `;
  }
}

function milliOf(quantity: string | undefined): number {
  return quantityMilliValue(parseQuantity(quantity ?? '0'));
}

function textOf(milli: number): string {
  return formatQuantity({ nanos: BigInt(Math.round(milli)) * 1_000_000n, format: 'DecimalSI' });
}
