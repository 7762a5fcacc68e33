// The scheduler's events about pods: recorded beside its work, which does not wait for them.

import type { Definitions } from '../../core/api/definition.ts';
import { createEventRecorder } from '../../core/registry/event-recorder.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import type { PodEvent } from './report.ts';

export interface PodEvents {
  record(pod: V1Pod, event: PodEvent): void;
  /** Resolves when all that was to be recorded before the call was, or was given up. */
  idle(): Promise<void>;
}

export interface PodEventsOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: (message: string, error?: unknown) => void;
}

export function createPodEvents({ registry, definitions, clock, log }: PodEventsOptions): PodEvents {
  const events = createEventRecorder(registry, () => definitions.ofType('events'), clock, log);
  const context: RequestContext = {
    user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] },
    warnings: [],
  };
  const recording = new Set<Promise<void>>();
  return {
    record(pod, event) {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      const about = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
      const record = events.record(context, 'default-scheduler', about, event);
      recording.add(record);
      void record.finally(() => recording.delete(record));
    },
    async idle() {
      await Promise.all(recording);
    },
  };
}
