// What autoscalers read where no API server is at hand: resource metrics, made of what the nodes said last as the API server makes them.
// Custom and external metrics come from extension API servers, which no function can reach.

import { matchesLabels, parseLabelSelector } from '../../core/machinery/labels.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { podMetrics, recentUsages } from '../../core/node/metrics.ts';
import { metricsApiVersion } from '../../core/node/metrics-group.ts';
import type { NodeUsage } from '../../core/node/usage.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { Heartbeats } from '../../core/store/heartbeats.ts';
import { nothingServed, type ReadApi } from './read-api.ts';

export interface MetricsOptions {
  readonly heartbeats: Pick<Heartbeats, 'usages'>;
  readonly replicas: Replicas;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Autoscalers that look at the same time share one read of what nodes use. */
const sharedMs = 2_000;

export function createMetricsReader({ heartbeats, replicas, now }: MetricsOptions): ReadApi {
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<ReadonlyMap<string, NodeUsage>> | undefined;
  const usages = (): Promise<ReadonlyMap<string, NodeUsage>> => {
    if (reading && now() - readAt < sharedMs) return reading;
    readAt = now();
    const read = heartbeats.usages().then((packed) => recentUsages(packed, now()));
    reading = read;
    read.catch(() => {
      if (reading === read) reading = undefined;
    });
    return read;
  };

  return async (path, query) => {
    const [, namespace] = /^\/apis\/metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/pods$/.exec(path) ?? [];
    if (namespace === undefined) {
      if (/^\/apis\/(custom|external)\.metrics\.k8s\.io\//.test(path)) throw outOfReach();
      return nothingServed(path, query);
    }
    const selector = parseLabelSelector(query['labelSelector'] ?? '');
    const [known, pods] = await Promise.all([usages(), replicas.of('pods')]);
    const items = [...pods.snapshot({ prefix: `${namespace}/` })].flatMap(({ object }) => {
      const found = podMetrics(object, known);
      return found && matchesLabels(selector, found.metadata.labels) ? [found] : [];
    });
    return { kind: 'PodMetricsList', apiVersion: metricsApiVersion, metadata: {}, items };
  };
}

function outOfReach(): StatusError {
  return new StatusError(
    'NotImplemented',
    'they come from an extension API server, and on AWS APIServices lead nowhere: use metrics of type Resource or ContainerResource',
  );
}
