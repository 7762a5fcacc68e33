// Answers of metrics.k8s.io/v1beta1, from what the nodes reported last.

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { notFound } from '../../../core/machinery/status.ts';
import { nodeMetrics, podMetrics, recentUsages } from '../../../core/node/metrics.ts';
import { metricsApiVersion, metricsGroup } from '../../../core/node/metrics-group.ts';
import { select } from '../../../core/registry/read/selection.ts';
import type { Entry, Replicas } from '../../../core/replica/replica.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import type { V1Node, V1Pod } from '../../../generated/kubernetes.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { transformer } from '../resources/transform.ts';

export interface UsageSources {
  readonly replicas: Replicas;
  readonly heartbeats: Heartbeats;
  readonly now: () => Date;
}

/** Of a get or a list of one of the group's resources. */
type Answer = (exchange: Exchange, definition: ResourceDefinition) => Promise<ApiResponse>;

export function usageAnswers({ replicas, heartbeats, now }: UsageSources): Answer {
  return async ({ info, query, mediaType }, definition) => {
    const usages = recentUsages(await heartbeats.usages(), now().getTime());
    const replica = await replicas.of(definition.resource === 'nodes' ? 'nodes' : 'pods');
    const metricsOf = ({ name, object }: Entry): KubeObject | undefined => {
      // as: what these replicas hold.
      if (definition.resource === 'pods') return podMetrics(object as V1Pod, usages);
      const usage = usages.get(name);
      return usage && nodeMetrics(object as V1Node, usage);
    };
    const transforming = transformer(mediaType, definition, query, now);
    const transform = transforming && (await transforming);
    if (info.verb === 'get') {
      const entry = replica.get(info.namespace === '' ? info.name : `${info.namespace}/${info.name}`);
      const found = entry && metricsOf(entry);
      if (!found) throw notFound({ group: metricsGroup, resource: info.resource }, info.name);
      return respondValue(200, transform ? transform.one(found) : found, mediaType);
    }
    // Also the name that a field selector requires: who may list one object by name gets that one.
    const { matches } = select({ definition, ...(info.name !== '' && { name: info.name }) }, info);
    const items: KubeObject[] = [];
    for (const entry of replica.snapshot(info.namespace === '' ? {} : { prefix: `${info.namespace}/` })) {
      const found = metricsOf(entry);
      if (found && matches({ ...entry, object: found })) items.push(found);
    }
    const list = { kind: definition.listKind, apiVersion: metricsApiVersion, metadata: {}, items };
    return respondValue(200, transform ? await transform.list(items, {}) : list, mediaType);
  };
}
