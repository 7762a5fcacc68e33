// Takes a node's report apart: its own status, its pods' statuses and ends, and events. Each part is written as the node's user.

import type { ReportResult } from '../../../core/node/protocol.ts';
import type { ReadReport } from '../../../core/node/read-report.ts';
import { settleAll } from '../../../core/process/settle-all.ts';
import type { RequestContext } from '../../../core/registry/registry.ts';
import { reportEvents } from './report-events.ts';
import { reportNode } from './report-node.ts';
import type { ReportParts } from './report-parts.ts';
import { reportPod } from './report-pod.ts';

/** Pods answer one by one; a node's own part, or an event, that cannot be written fails the report. */
export async function applyReport(
  parts: ReportParts,
  context: RequestContext,
  node: string,
  report: ReadReport,
): Promise<ReportResult> {
  // The node first: its pods' statuses mean little while it is unknown.
  const stored = report.node && (await reportNode(parts, context, node, report.node));
  // At once, so that their commits share a sync.
  const events = reportEvents(parts, context, node, report.events);
  const pods = settleAll(report.pods.map((pod) => reportPod(parts, context, node, pod)));
  await settleAll<unknown>([pods, events]);
  return { pods: await pods, ...(stored && { node: stored }) };
}
