// Takes a node's report apart: its own status, its pods' statuses and ends, and events. Each part is written as the node's user.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import type { Report, ReportResult } from '../../../core/node/protocol.ts';
import type { Registry, RequestContext, WriteOptions } from '../../../core/registry/registry.ts';
import { reportEvents } from './report-events.ts';
import { reportNode } from './report-node.ts';
import { reportPod } from './report-pod.ts';

export interface ReportParts {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly now: () => Date;
}

/** Pods answer one by one; a node's own part, or an event, that cannot be written fails the report. */
export async function applyReport(
  parts: ReportParts,
  context: RequestContext,
  node: string,
  report: Report,
): Promise<ReportResult> {
  // The node first: its pods' statuses mean little while it is unknown.
  const stored = report.node && (await reportNode(parts, context, node, report.node));
  const [pods] = await Promise.all([
    // At once, so that their commits share a sync.
    Promise.all((report.pods ?? []).map((pod) => reportPod(parts, context, node, pod))),
    reportEvents(parts, context, node, report.events ?? []),
  ]);
  return { pods, ...(stored && { node: stored }) };
}

/** How managed fields call what a node's agent writes. Its fields are ours to write, so nothing is warned about. */
export const asKubelet: WriteOptions = { fieldManager: 'kubelet', fieldValidation: 'Ignore' };

/** A built-in resource, which is always there. */
export function builtIn(definitions: Definitions, resource: string): ResourceDefinition {
  const definition = definitions.find('', 'v1', resource);
  if (!definition) throw new Error(`${resource} is not among the definitions`);
  return definition;
}
