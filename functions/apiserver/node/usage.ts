// metrics.k8s.io/v1beta1: its resources, and what answers for them, which few requests are for.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import { late } from '../../../core/machinery/late.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import { metricsGroup } from '../../../core/node/metrics-group.ts';
import { noSuchResource } from '../resources/routes.ts';
import type { Responder } from '../responder.ts';
import type { UsageSources } from './usage-answers.ts';

export interface UsageOptions extends UsageSources {
  readonly definitions: Definitions;
}

export function createUsage({ definitions, replicas, heartbeats, now }: UsageOptions): Responder {
  definitions.setCustom(metricsGroup, [nodeDefinition, podDefinition]);

  const answers = late(async () => {
    const { usageAnswers } = await import('./usage-answers.ts');
    return { answer: usageAnswers({ replicas, heartbeats, now }) };
  });

  return {
    serves: ({ isResource, group }) => isResource && group === metricsGroup,
    async respond(exchange) {
      const { info } = exchange;
      const definition = [nodeDefinition, podDefinition].find((each) => each.resource === info.resource);
      if (!definition || info.version !== 'v1beta1' || info.subresource !== '') throw noSuchResource();
      if (info.verb !== 'get' && info.verb !== 'list')
        throw new StatusError('MethodNotAllowed', 'metrics are read only: use get or list', {});
      return answers(({ answer }) => answer(exchange, definition));
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
