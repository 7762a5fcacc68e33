// metrics.k8s.io/v1beta1, from what the nodes reported last.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { notFound, StatusError } from '../../../core/machinery/status.ts';
import { metricsApiVersion, metricsGroup, nodeMetrics, podMetrics, recentUsages } from '../../../core/node/metrics.ts';
import { select } from '../../../core/registry/read/selection.ts';
import type { Entry, Replicas } from '../../../core/replica/replica.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import type { V1Node, V1Pod } from '../../../generated/kubernetes.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import { transformer } from '../resources/transform.ts';
import type { Responder } from '../responder.ts';

export interface UsageOptions {
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  readonly heartbeats: Heartbeats;
  readonly now: () => Date;
}

export function createUsage({ definitions, replicas, heartbeats, now }: UsageOptions): Responder {
  definitions.setCustom(metricsGroup, [nodeDefinition, podDefinition]);

  const answer = async ({ info, query, mediaType }: Exchange, definition: ResourceDefinition): Promise<ApiResponse> => {
    const usages = recentUsages(await heartbeats.usages(), now().getTime());
    const replica = await replicas.of(definition === nodeDefinition ? 'nodes' : 'pods');
    const metricsOf = ({ name, object }: Entry): KubeObject | undefined => {
      // as: what these replicas hold.
      if (definition === podDefinition) return podMetrics(object as V1Pod, usages);
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
    return respondValue(200, transform ? transform.list(items, {}) : list, mediaType);
  };

  return {
    serves: ({ isResource, group }) => isResource && group === metricsGroup,
    async respond(exchange) {
      const { info } = exchange;
      const definition = [nodeDefinition, podDefinition].find((each) => each.resource === info.resource);
      if (!definition || info.version !== 'v1beta1' || info.subresource !== '') throw noSuchResource();
      if (info.verb !== 'get' && info.verb !== 'list')
        throw new StatusError('MethodNotAllowed', 'metrics are read only: use get or list', {});
      return answer(exchange, definition);
    },
  };
}

function metricsDefinition(kind: string, resource: string, namespaced: boolean): ResourceDefinition {
  return {
    group: metricsGroup,
    version: 'v1beta1',
    kind,
    listKind: `${kind}List`,
    resource,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['get', 'list'],
    subresources: [],
    schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    columns: [
      { name: 'Name', type: 'string', format: 'name', priority: 0, cell: ({ metadata }) => metadata.name ?? '' },
      { name: 'Age', type: 'date', priority: 0, cell: ({ metadata }) => metadata.creationTimestamp ?? null },
    ],
    selectableFields: {},
    type: `${metricsGroup}/${resource}`,
    storageVersion: 'v1beta1',
  };
}

const nodeDefinition = metricsDefinition('NodeMetrics', 'nodes', false);
const podDefinition = metricsDefinition('PodMetrics', 'pods', true);
