// Events that a node reports, as v1 Events: a repeat raises the count of the one that is there.

import { createHash } from 'node:crypto';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import { combinedPrefix, type EventReport } from '../../../core/node/protocol.ts';
import { settleAll } from '../../../core/process/settle-all.ts';
import type { Modification, RequestContext, Target } from '../../../core/registry/registry.ts';
import { asKubelet, builtIn, type ReportParts } from './report-parts.ts';

/** Events are lost rather than the report that brings them: what the registry refuses is left out. */
export async function reportEvents(
  parts: ReportParts,
  context: RequestContext,
  node: string,
  events: readonly EventReport[],
): Promise<void> {
  const byName = new Map<string, { event: EventReport; times: string[] }>();
  for (const event of events) {
    if (!event.regarding || typeof event.regarding.name !== 'string') continue;
    const name = eventName(event, node);
    const seen = byName.get(name);
    byName.set(name, { event, times: [...(seen?.times ?? []), event.time] });
  }
  await settleAll([...byName].map(([name, { event, times }]) => record(parts, context, node, name, event, times)));
}

/** Ids of containers and sandboxes, which are others with each attempt. */
const ids = /\b[0-9a-f]{64}\b/g;

/** The same for repeats, so that they meet: also of those that differ in nothing but the id of what was tried. */
function eventName({ regarding, type, reason, message }: EventReport, node: string): string {
  const text = message.startsWith(combinedPrefix) ? combinedPrefix : message.replace(ids, '');
  const hash = createHash('sha256')
    .update(JSON.stringify([regarding.uid, regarding.fieldPath ?? '', type, reason, text, node]))
    .digest('hex')
    .slice(0, 16);
  // Room for the hash within the 253 characters of a name.
  return `${regarding.name.slice(0, 236)}.${hash}`;
}

async function record(
  { registry, definitions }: ReportParts,
  context: RequestContext,
  node: string,
  name: string,
  event: EventReport,
  times: readonly string[],
): Promise<void> {
  const namespace = event.regarding.namespace || 'default';
  const target: Target = { definition: builtIn(definitions, 'events'), namespace, name };
  const sorted = times.map(wholeSeconds).sort();
  const [first, last] = [sorted[0] ?? '', sorted[sorted.length - 1] ?? ''];
  const change: Modification = {
    // as: what is stored as an Event is one.
    build: (found) => ({
      ...found,
      message: event.message,
      count: ((found as { count?: number }).count ?? 1) + times.length,
      lastTimestamp: last,
    }),
    otherwise: () => newEvent(event, node, namespace, name, first, last, times.length),
  };
  try {
    await registry.modify(context, target, change, asKubelet);
  } catch (error) {
    // An event that cannot be recorded holds nothing up.
    if (!(error instanceof StatusError)) throw error;
  }
}

function newEvent(
  { regarding, type, reason, message }: EventReport,
  node: string,
  namespace: string,
  name: string,
  first: string,
  last: string,
  count: number,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    involvedObject: { ...regarding },
    type,
    reason,
    message,
    source: { component: 'kubelet', host: node },
    reportingComponent: 'kubelet',
    reportingInstance: node,
    firstTimestamp: first,
    lastTimestamp: last,
    count,
  };
}

/** metav1.Time has no fractions of a second. */
function wholeSeconds(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
