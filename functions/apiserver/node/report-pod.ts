// A pod's status as its node reports it, and its removal once its containers are gone.

import { deepEqual } from '../../../core/machinery/equality.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { forbidden, StatusError } from '../../../core/machinery/status.ts';
import type { PodReport, ReportResult } from '../../../core/node/protocol.ts';
import type { Read } from '../../../core/node/read-report.ts';
import type { Modification, RequestContext, Target } from '../../../core/registry/registry.ts';
import type { V1PodStatus } from '../../../generated/kubernetes.ts';
import { asKubelet, builtIn, conditionsOf, type ReportParts } from './report-parts.ts';

const subject = { group: '', resource: 'pods' };

/** Never rejects for what concerns this pod alone. */
export async function reportPod(
  parts: ReportParts,
  context: RequestContext,
  node: string,
  report: Read<PodReport>,
): Promise<ReportResult['pods'][number]> {
  try {
    if ('error' in report) throw report.error;
    await apply(parts, context, node, report.value);
    return { code: 200 };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { code: error.code, reason: error.reason, message: error.message };
  }
}

async function apply({ registry, definitions }: ReportParts, context: RequestContext, node: string, report: PodReport) {
  const { namespace, name, uid } = report;
  const target: Target = { definition: builtIn(definitions, 'pods'), namespace, name };
  let asked = false;
  const change: Modification = {
    check(pod) {
      checkOwned(pod, node, uid);
      asked = pod.metadata.deletionTimestamp !== undefined;
    },
    build(pod) {
      const status = report.status && mergeStatus(pod['status'] as V1PodStatus | undefined, report.status);
      return status === undefined || deepEqual(status, pod['status']) ? undefined : { ...pod, status };
    },
  };
  try {
    await registry.modify(context, { ...target, subresource: 'status' }, change, asKubelet);
  } catch (error) {
    // What is about to go needs no status: a refused one would hold the pod for ever.
    if (!(report.terminated && asked)) throw error;
  }
  // Without a wish to delete it, a pod whose containers ended stays: Succeeded or Failed.
  if (report.terminated && asked)
    await registry.delete(context, target, { gracePeriodSeconds: 0, preconditions: { uid } });
}

/** A node writes only the pods that are bound to it (NodeRestriction), and only the incarnation that it ran. */
function checkOwned(pod: KubeObject, node: string, uid: string): void {
  const name = pod.metadata.name ?? '';
  // Who asks knows the uid that it ran: another one is none of its business.
  if (pod.metadata.uid !== uid)
    throw new StatusError('NotFound', `pods "${name}" with uid ${uid} not found`, { name, kind: 'pods', uid });
  const boundTo = (pod['spec'] as { nodeName?: string } | undefined)?.nodeName;
  if (boundTo !== node) throw forbidden(subject, name, `node "${node}" can only update pods that are bound to it`);
}

const ended = new Set(['Succeeded', 'Failed']);
/** Conditions that only a node sets, and only while they are true: those that it leaves out are over (KEP-1287). */
const passing = new Set(['PodResizePending', 'PodResizeInProgress']);

/** The reported status, with what others own: their conditions, and fields that a node never sets. A pod that ended stays so. */
function mergeStatus(current: V1PodStatus | undefined, reported: Record<string, unknown>): Record<string, unknown> {
  const conditions = conditionsOf(reported);
  const types = new Set(conditions.map((each) => each.type));
  const kept = (current?.conditions ?? []).filter(({ type }) => !types.has(type) && !passing.has(type));
  const phase = current?.phase !== undefined && ended.has(current.phase) ? current.phase : reported['phase'];
  const { conditions: _, ...rest } = reported;
  for (const field of ofOthers) delete rest[field];
  return {
    ...(current?.startTime !== undefined && { startTime: current.startTime }),
    ...rest,
    ...pick(current, ofOthers),
    ...(phase !== undefined && { phase }),
    ...(kept.length + conditions.length > 0 && { conditions: [...kept, ...conditions] }),
  };
}

/** What the API server, the scheduler and controllers write. */
const ofOthers = ['qosClass', 'nominatedNodeName', 'resourceClaimStatuses', 'extendedResourceClaimStatus'] as const;

function pick(status: V1PodStatus | undefined, names: readonly (keyof V1PodStatus)[]): Partial<V1PodStatus> {
  return Object.fromEntries(names.flatMap((name) => (status?.[name] === undefined ? [] : [[name, status[name]]])));
}
