// A node's own object: made on its first report, its status kept up to date. Source: kubelet registration; NodeRestriction.

import { deepEqual } from '../../../core/machinery/equality.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import type { Report } from '../../../core/node/protocol.ts';
import type { RequestContext, Target } from '../../../core/registry/registry.ts';
import type { V1NodeAddress, V1NodeCondition } from '../../../generated/kubernetes.ts';
import { asKubelet, builtIn, conditionsOf, type ReportParts, typedItems } from './report-parts.ts';

type NodeReport = NonNullable<Report['node']>;

const attempts = 5;

/** The Node as it is stored then. */
export async function reportNode(
  { registry, definitions }: ReportParts,
  context: RequestContext,
  name: string,
  report: NodeReport,
): Promise<KubeObject> {
  const target: Target = { definition: builtIn(definitions, 'nodes'), name };
  for (let attempt = 1; ; attempt++) {
    try {
      let object = await getOrCreate(registry, context, target, name, report);
      const wished = withMetadata(object, report);
      if (wished !== object) object = (await registry.update(context, target, wished, asKubelet)).object;
      const status = mergeStatus(object['status'] as Record<string, unknown> | undefined, report.status);
      if (deepEqual(status, object['status'])) return object;
      return (await registry.update(context, { ...target, subresource: 'status' }, { ...object, status }, asKubelet))
        .object;
    } catch (error) {
      if (!hasReason(error, 'Conflict', 'AlreadyExists') || attempt === attempts) throw error;
    }
  }
}

async function getOrCreate(
  registry: ReportParts['registry'],
  context: RequestContext,
  target: Target,
  name: string,
  { labels, annotations, spec, status }: NodeReport,
): Promise<KubeObject> {
  try {
    return (await registry.get(context, target)).object;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  const { name: _, ...collection } = target;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: allowedLabels(labels), ...(annotations && { annotations }) },
    // Taints are a node's wish at its birth; later they belong to the cluster.
    spec: {
      ...(spec?.providerID !== undefined && { providerID: spec.providerID }),
      ...(spec?.taints && { taints: spec.taints }),
    },
    status,
  };
  return (await registry.create(context, collection, object, asKubelet)).object;
}

/** The object itself when nothing is to change. */
function withMetadata(object: KubeObject, { labels, annotations, spec }: NodeReport): KubeObject {
  const merged = { ...object.metadata.labels, ...allowedLabels(labels) };
  const mergedAnnotations = { ...object.metadata.annotations, ...annotations };
  const current = object['spec'] as { providerID?: string } | undefined;
  const providerID = current?.providerID ?? spec?.providerID;
  if (
    deepEqual(merged, object.metadata.labels ?? {}) &&
    deepEqual(mergedAnnotations, object.metadata.annotations ?? {}) &&
    providerID === current?.providerID
  )
    return object;
  return {
    ...object,
    metadata: { ...object.metadata, labels: merged, annotations: mergedAnnotations },
    spec: { ...current, ...(providerID !== undefined && { providerID }) },
  };
}

/** Labels by which workloads are kept apart from untrusted nodes are not a node's to set. */
function allowedLabels(labels: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels ?? {}).filter(([key]) => !/(^|\.)node-restriction\.kubernetes\.io\//.test(key)),
  );
}

/** The reported status with what others say: conditions such as NetworkUnavailable, and addresses that only the cloud knows. */
function mergeStatus(
  current: Record<string, unknown> | undefined,
  reported: Record<string, unknown>,
): Record<string, unknown> {
  const conditions = conditionsOf(reported);
  const types = new Set(conditions.map((each) => each.type));
  // as: what is stored was checked.
  const existing = (current?.['conditions'] ?? []) as readonly V1NodeCondition[];
  // Which volumes are attached is told by a controller, the rest by the node.
  const volumes = current?.['volumesAttached'];
  const addresses = typedItems(reported, 'addresses');
  const known = (current?.['addresses'] ?? []) as readonly V1NodeAddress[];
  const { volumesAttached: _, ...rest } = reported;
  return {
    ...rest,
    ...(volumes !== undefined && { volumesAttached: volumes }),
    addresses: [...addresses, ...known.filter((each) => !addresses.some(({ type }) => type === each.type))],
    conditions: [...existing.filter((each) => !types.has(each.type)), ...conditions],
  };
}
