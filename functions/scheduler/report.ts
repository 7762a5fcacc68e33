// Tells about pods that found no node, and makes room for those that may preempt others.

import type { Definitions } from '../../core/api/definition.ts';
import type { Int64 } from '../../core/machinery/object.ts';
import { hasReason } from '../../core/machinery/status.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { definitionOf } from './bind-pods.ts';
import type { PodInfo } from './pod-info.ts';
import type { Rejection } from './schedule.ts';

export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface ReporterOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly context: RequestContext;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: (message: string, error?: unknown) => void;
  readonly recordEvent: (pod: V1Pod, event: PodEvent) => void;
}

export interface Reporter {
  rejected(rejection: Rejection): void;
  forget(key: string): void;
  idle(): Promise<void>;
  readonly busy: boolean;
}

export function createReporter({ registry, definitions, context, clock, log, recordEvent }: ReporterOptions): Reporter {
  const pods = definitionOf(definitions, 'pods');
  /** What was reported last, so that it is not reported again: message and nominated node. */
  const reported = new Map<string, string>();
  const inFlight = new Set<Promise<void>>();

  function rejected(rejection: Rejection): void {
    const { pod, message, preemption } = rejection;
    const text = `${message}\n${preemption?.node ?? ''}`;
    const news = reported.get(pod.key) !== text;
    reported.set(pod.key, text);
    if (news) recordEvent(pod.pod, { type: 'Warning', reason: 'FailedScheduling', message });
    if (news || preemption) track(updateStatus(rejection));
  }

  async function updateStatus({ pod, message, preemption }: Rejection): Promise<void> {
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      ...observed(pod),
      reason: 'Unschedulable',
      message,
      lastTransitionTime: timestamp(clock()),
    };
    const nominated = preemption?.node;
    await patchStatus(pod, {
      conditions: [condition],
      ...(nominated !== undefined && { nominatedNodeName: nominated }),
    });
    // Written first: whoever takes over from here knows for whom the others leave.
    for (const victim of preemption?.victims ?? []) track(evict(victim, pod, preemption?.node ?? ''));
  }

  async function evict(victim: PodInfo, pod: PodInfo, node: string): Promise<void> {
    if (victim.terminating) return;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      ...observed(victim),
      reason: 'PreemptionByScheduler',
      message: `${pod.class.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: timestamp(clock()),
    };
    await patchStatus(victim, { conditions: [condition] });
    const target = { definition: pods, namespace: victim.namespace, name: victim.name };
    try {
      await registry.delete(context, target, { preconditions: { uid: victim.uid } });
    } catch (error) {
      if (hasReason(error, 'NotFound', 'Conflict')) return;
      throw error;
    }
    recordEvent(victim.pod, {
      type: 'Normal',
      reason: 'Preempted',
      message: `Preempted by pod ${pod.uid} on node ${node}`,
    });
  }

  async function patchStatus(pod: PodInfo, status: object): Promise<void> {
    const target = { definition: pods, namespace: pod.namespace, name: pod.name, subresource: 'status' };
    try {
      await registry.patch(
        context,
        target,
        'strategic',
        { metadata: { uid: pod.uid }, status },
        { fieldManager: 'kube-scheduler' },
      );
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    }
  }

  function track(work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => log('reporting on a pod failed', error))
      .finally(() => inFlight.delete(watched));
    inFlight.add(watched);
  }

  return {
    rejected,
    forget: (key) => void reported.delete(key),
    async idle() {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    get busy() {
      return inFlight.size > 0;
    },
  };
}

/** Which spec of the pod was looked at (KEP-5067). */
function observed({ pod: { metadata } }: PodInfo): { observedGeneration?: Int64 } {
  return metadata?.generation === undefined ? {} : { observedGeneration: metadata.generation };
}

function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
