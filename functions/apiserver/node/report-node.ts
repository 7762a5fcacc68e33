// A node's own object: made on its first report, its status kept up to date. Source: kubelet registration; NodeRestriction.

import { deepEqual } from '../../../core/machinery/equality.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Report } from '../../../core/node/protocol.ts';
import type { Modification, RequestContext, Target } from '../../../core/registry/registry.ts';
import type { V1NodeAddress, V1NodeCondition } from '../../../generated/kubernetes.ts';
import { asKubelet, builtIn, conditionsOf, type ReportParts, typedItems } from './report-parts.ts';

type NodeReport = NonNullable<Report['node']>;

/** The Node as it is stored then. */
export async function reportNode(
  { registry, definitions }: ReportParts,
  context: RequestContext,
  name: string,
  report: NodeReport,
): Promise<KubeObject> {
  const target: Target = { definition: builtIn(definitions, 'nodes'), name };
  const ensure: Modification = {
    build: (node) => withMetadata(node, report),
    otherwise: () => newNode(name, report),
  };
  const { object } = await registry.modify(context, target, ensure, asKubelet);
  // Mostly nothing changed: then once reading it is enough.
  if (!withStatus(object, report)) return object;
  const change: Modification = { build: (node) => withStatus(node, report) };
  return (await registry.modify(context, { ...target, subresource: 'status' }, change, asKubelet)).object;
}

function newNode(name: string, { labels, annotations, spec, status }: NodeReport): KubeObject {
  return {
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
}

/** undefined when nothing is to change. */
function withStatus(object: KubeObject, report: NodeReport): KubeObject | undefined {
  const status = mergeStatus(object['status'] as Record<string, unknown> | undefined, report.status);
  return deepEqual(status, object['status']) ? undefined : { ...object, status };
}

/** undefined when nothing is to change. */
function withMetadata(object: KubeObject, { labels, annotations, spec }: NodeReport): KubeObject | undefined {
  const merged = { ...object.metadata.labels, ...allowedLabels(labels) };
  const mergedAnnotations = { ...object.metadata.annotations, ...annotations };
  const current = object['spec'] as { providerID?: string } | undefined;
  const providerID = current?.providerID ?? spec?.providerID;
  if (
    deepEqual(merged, object.metadata.labels ?? {}) &&
    deepEqual(mergedAnnotations, object.metadata.annotations ?? {}) &&
    providerID === current?.providerID
  )
    return undefined;
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
  // Which volumes are attached is written by a controller, the rest by the node.
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
