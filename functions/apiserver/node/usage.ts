// metrics.k8s.io/v1beta1 from what the nodes reported last. Kept in memory: a restart forgets it until the next report.
// Source: k8s.io/metrics v1beta1 NodeMetrics, PodMetrics.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import { matchesLabels, parseLabelSelector } from '../../../core/machinery/labels.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { notFound, StatusError } from '../../../core/machinery/status.ts';
import type { UsageReport } from '../../../core/node/protocol.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import { transformer } from '../resources/transform.ts';
import type { NodeIndex } from './node-index.ts';

export interface Usage {
  note(node: string, report: UsageReport): void;
  forget(node: string): void;
  /** undefined for requests about anything else. */
  answer(exchange: Exchange): Promise<ApiResponse> | undefined;
}

const group = 'metrics.k8s.io';
const apiVersion = `${group}/v1beta1`;

export function createUsage({
  definitions,
  nodes,
  now,
}: {
  definitions: Definitions;
  nodes: NodeIndex;
  now: () => Date;
}): Usage {
  const byNode = new Map<string, UsageReport>();
  definitions.setCustom(group, [nodeMetrics, podMetrics]);

  const allNodes = () => {
    const result: KubeObject[] = [];
    for (const { name, object } of nodes.replica('nodes').snapshot()) {
      const report = byNode.get(name);
      if (report) result.push(nodeObject(object as KubeObject, report));
    }
    return result;
  };
  const allPods = (namespace: string) => {
    const result: KubeObject[] = [];
    for (const report of byNode.values())
      for (const pod of report.pods) {
        if (namespace !== '' && pod.namespace !== namespace) continue;
        const entry = nodes.replica('pods').get(`${pod.namespace}/${pod.name}`);
        if (entry) result.push(podObject(entry.object as KubeObject, pod, report));
      }
    return result.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  };

  return {
    note(node, report) {
      byNode.set(node, report);
    },
    forget(node) {
      byNode.delete(node);
    },
    answer(exchange) {
      const { info, query, form } = exchange;
      if (info.group !== group) return undefined;
      const definition = [nodeMetrics, podMetrics].find((each) => each.resource === info.resource);
      if (!definition || info.version !== 'v1beta1' || info.subresource !== '') throw noSuchResource();
      if (info.verb !== 'get' && info.verb !== 'list')
        throw new StatusError('MethodNotAllowed', 'metrics are read only: use get or list', {});
      const objects = definition === nodeMetrics ? allNodes() : allPods(info.namespace);
      const transform = transformer(form, definition, query, now());
      if (info.verb === 'get') {
        const found = objects.find((each) => each.metadata.name === info.name);
        if (!found) throw notFound({ group, resource: info.resource }, info.name);
        return Promise.resolve(respondValue(200, transform ? transform.one(found) : found, form));
      }
      const selector = parseLabelSelector(query.get('labelSelector') ?? '');
      const items = objects.filter((each) => matchesLabels(selector, each.metadata.labels));
      const list = { kind: definition.listKind, apiVersion, metadata: {}, items };
      return Promise.resolve(respondValue(200, transform ? transform.list(items, {}) : list, form));
    },
  };
}

function key({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function times({ time, windowSeconds }: UsageReport) {
  return { timestamp: time, window: `${windowSeconds}s` };
}

/** Quantities as metrics-server writes them: nanocores and kibibytes. */
function quantities({ cpu, memory }: { cpu: number; memory: number }) {
  return { cpu: `${Math.round(cpu)}n`, memory: `${Math.round(memory / 1024)}Ki` };
}

function nodeObject({ metadata }: KubeObject, report: UsageReport): KubeObject {
  return {
    kind: 'NodeMetrics',
    apiVersion,
    metadata: metadataOf(metadata, report),
    ...times(report),
    usage: quantities(report.node),
  };
}

function podObject({ metadata }: KubeObject, pod: UsageReport['pods'][number], report: UsageReport): KubeObject {
  return {
    kind: 'PodMetrics',
    apiVersion,
    metadata: metadataOf(metadata, report),
    ...times(report),
    containers: pod.containers.map(({ name, ...used }) => ({ name, usage: quantities(used) })),
  };
}

function metadataOf({ name, namespace, labels }: KubeObject['metadata'], { time }: UsageReport) {
  return {
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    creationTimestamp: time,
  };
}

function metricsDefinition(kind: string, resource: string, namespaced: boolean): ResourceDefinition {
  return {
    group,
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
    type: `${group}/${resource}`,
    storageVersion: 'v1beta1',
  };
}

const nodeMetrics = metricsDefinition('NodeMetrics', 'nodes', false);
const podMetrics = metricsDefinition('PodMetrics', 'pods', true);
