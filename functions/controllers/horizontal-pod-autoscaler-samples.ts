// What the metrics of an autoscaler say now, read through the API: resource metrics (metrics.k8s.io, from the agents), custom and
// external ones (custom.metrics.k8s.io and external.metrics.k8s.io, from whoever serves those groups).

import { errorText } from '../../core/machinery/error-text.ts';
import { labelSelectorOf, labelSelectorString } from '../../core/machinery/labels.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { parseQuantity, quantityMilliValue } from '../../core/machinery/quantity.ts';
import { hasReason, StatusError } from '../../core/machinery/status.ts';
import { readDuration } from '../../core/machinery/time.ts';
import type { V2MetricIdentifier, V2MetricSpec } from '../../generated/kubernetes.ts';
import type { LabelSelector, ServedType } from './controller.ts';
import type { ReadApi } from './read-api.ts';

/** What one pod uses, in thousandths, averaged over the window that ended at `at` (Unix milliseconds). */
export interface PodSample {
  readonly at: number;
  readonly windowMs: number;
  readonly value: number;
}

/** By pod name; or one number in thousandths for Object and External metrics; or why there is none. */
export type Sample =
  | { readonly pods: ReadonlyMap<string, PodSample> }
  | { readonly value: number }
  | { readonly failure: string };

export interface SampleQuestion {
  readonly namespace: string;
  /** Of the scaled pods, as in a label selector's query. */
  readonly selector: string;
  /** What is served, to name the resource of an Object metric's object. */
  readonly types: readonly ServedType[];
}

/** One sample for each metric, in order. Never fails. */
export function readSamples(
  read: ReadApi,
  question: SampleQuestion,
  metrics: readonly V2MetricSpec[],
): Promise<Sample[]> {
  return Promise.all(
    metrics.map(async (metric) => {
      try {
        return await readSample(read, question, metric);
      } catch (error) {
        return { failure: errorText(error) };
      }
    }),
  );
}

async function readSample(read: ReadApi, question: SampleQuestion, metric: V2MetricSpec): Promise<Sample> {
  switch (metric.type) {
    case 'Resource':
      return { pods: await resourceSamples(read, question, metric.resource?.name ?? '') };
    case 'ContainerResource': {
      const { name = '', container = '' } = metric.containerResource ?? {};
      return { pods: await resourceSamples(read, question, name, container) };
    }
    case 'Pods':
      return { pods: await podSamples(read, question, metric.pods?.metric) };
    case 'Object':
      return { value: await objectSample(read, question, metric.object) };
    case 'External':
      return { value: await externalSample(read, question, metric.external?.metric) };
    default:
      throw new Error(`unknown metric source type "${metric.type}"`);
  }
}

// Only what is read of the answers; every field may be missing in an answer from elsewhere.
interface PodMetricsList {
  items?: {
    metadata?: { name?: string };
    timestamp?: string;
    window?: string;
    containers?: { name?: string; usage?: Record<string, string> }[];
  }[];
}

/** A pod one of whose containers has no value of the resource is left out: part of a sum would look like less load. */
async function resourceSamples(
  read: ReadApi,
  { namespace, selector }: SampleQuestion,
  resource: string,
  container?: string,
): Promise<Map<string, PodSample>> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  // as: PodMetricsList of metrics.k8s.io/v1beta1.
  const { items = [] } = (await reading('resource metrics API', () =>
    read(path, { labelSelector: selector }),
  )) as PodMetricsList;
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
  const samples = new Map<string, PodSample>();
  for (const { metadata, timestamp, window, containers = [] } of items) {
    const name = metadata?.name ?? '';
    const counted = container === undefined ? containers : containers.filter((each) => each.name === container);
    if (container !== undefined && counted.length === 0)
      throw new Error(`container ${container} not present in metrics for pod ${namespace}/${name}`);
    const values = counted.map((each) => getOwn(each.usage, resource));
    if (values.length === 0 || values.includes(undefined)) continue;
    const value = values.reduce<number>((sum, each) => sum + milli(each), 0);
    samples.set(name, { at: Date.parse(timestamp ?? ''), windowMs: readDuration(window ?? '') ?? 0, value });
  }
  return samples;
}

interface MetricValueList {
  items?: { describedObject?: { name?: string }; timestamp?: string; windowSeconds?: number; value?: string }[];
}

const customVersions = ['v1beta2', 'v1beta1'] as const;

/** Adapters serve one version or both of them. */
async function readCustom(
  read: ReadApi,
  path: string,
  metric: V2MetricIdentifier | undefined,
  labelSelector?: string,
): Promise<MetricValueList> {
  const metricLabelSelector = selectorText(metric?.selector);
  const query = { ...(labelSelector && { labelSelector }), ...(metricLabelSelector && { metricLabelSelector }) };
  let absent: unknown;
  for (const version of customVersions) {
    try {
      const at = `/apis/custom.metrics.k8s.io/${version}/${path}`;
      // as: MetricValueList of custom.metrics.k8s.io.
      return (await reading('custom metrics API', () => read(at, query))) as MetricValueList;
    } catch (error) {
      if (!(error instanceof AbsentError)) throw error;
      absent ??= error;
    }
  }
  throw absent;
}

async function podSamples(
  read: ReadApi,
  { namespace, selector }: SampleQuestion,
  metric: V2MetricIdentifier | undefined,
): Promise<Map<string, PodSample>> {
  const path = `namespaces/${namespace}/pods/*/${metric?.name}`;
  const { items = [] } = await readCustom(read, path, metric, selector);
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
  return new Map(
    items.map(({ describedObject, timestamp, windowSeconds = 60, value }) => [
      describedObject?.name ?? '',
      { at: Date.parse(timestamp ?? ''), windowMs: windowSeconds * 1000, value: milli(value) },
    ]),
  );
}

async function objectSample(
  read: ReadApi,
  { namespace, types }: SampleQuestion,
  source: V2MetricSpec['object'],
): Promise<number> {
  const { apiVersion = '', kind = '', name = '' } = source?.describedObject ?? {};
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const type = types.find((each) => each.kind === kind && each.group === group);
  if (!type) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  const resource = type.type.slice(type.type.indexOf('/') + 1);
  const metric = source?.metric;
  const within = type.namespaced ? `namespaces/${namespace}/` : '';
  // Metrics of a namespace itself have a path of their own, since `namespaces/x/` already leads into it.
  const path =
    group === '' && kind === 'Namespace'
      ? `namespaces/${name}/metrics/${metric?.name}`
      : `${within}${resource}${group && `.${group}`}/${name}/${metric?.name}`;
  const { items = [] } = await readCustom(read, path, metric);
  const [first] = items;
  if (!first) throw new Error('no metrics returned from custom metrics API');
  return milli(first.value);
}

interface ExternalMetricValueList {
  items?: { value?: string }[];
}

/** The sum of all series that match. */
async function externalSample(
  read: ReadApi,
  { namespace }: SampleQuestion,
  metric: V2MetricIdentifier | undefined,
): Promise<number> {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric?.name}`;
  const labelSelector = selectorText(metric?.selector);
  // as: ExternalMetricValueList of external.metrics.k8s.io/v1beta1.
  const { items = [] } = (await reading('external metrics API', () =>
    read(path, labelSelector ? { labelSelector } : {}),
  )) as ExternalMetricValueList;
  if (items.length === 0) throw new Error('no metrics returned from external metrics API');
  return items.reduce((sum, each) => sum + milli(each.value), 0);
}

/** The path is not served. */
class AbsentError extends Error {}

async function reading(api: string, work: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await work()) ?? {};
  } catch (error) {
    const message = `unable to fetch metrics from ${api}: ${error instanceof StatusError ? error.message : String(error)}`;
    throw hasReason(error, 'NotFound') ? new AbsentError(message) : new Error(message);
  }
}

function milli(quantity: string | undefined): number {
  return quantity === undefined ? 0 : quantityMilliValue(parseQuantity(quantity));
}

function selectorText(selector: LabelSelector | undefined): string {
  return selector ? labelSelectorString(labelSelectorOf(selector) ?? []) : '';
}
