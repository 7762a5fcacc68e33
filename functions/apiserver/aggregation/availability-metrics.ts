// Which APIServices are not available, and how often one ceased to be: what kube-aggregator counts.

import { type Family, labelsOf } from '../../../core/metrics/family.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';

export interface AvailabilityMetrics {
  /** An APIService as it is now. One whose server was not looked at yet has no series. */
  learn(service: V1APIService): void;
  forget(name: string): void;
  families(): Family[];
}

export function createAvailabilityMetrics(): AvailabilityMetrics {
  const available = new Map<string, boolean>();
  /** By name and reason. */
  const losses = new Map<string, Map<string, number>>();
  return {
    learn({ metadata, status }) {
      const name = metadata?.name ?? '';
      const condition = status?.conditions?.find(({ type }) => type === 'Available');
      if (!condition) return;
      const isAvailable = condition.status === 'True';
      // As in Kubernetes: one that never was available did not cease to be.
      if (available.get(name) && !isAvailable) {
        const { reason = 'UnknownReason' } = condition;
        const reasons = losses.get(name) ?? new Map<string, number>();
        losses.set(name, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
      }
      available.set(name, isAvailable);
    },
    forget(name) {
      available.delete(name);
    },
    families: () => [
      {
        name: 'aggregator_unavailable_apiservice',
        help: 'APIServices: 1 where it is marked as unavailable.',
        type: 'gauge',
        series: [...available].map(([name, is]) => ({ labels: labelsOf({ name }), value: is ? 0 : 1 })),
      },
      {
        name: 'aggregator_unavailable_apiservice_total',
        help: 'How often an APIService was marked as unavailable, by its name and the reason.',
        type: 'counter',
        series: [...losses].flatMap(([name, reasons]) =>
          [...reasons].map(([reason, value]) => ({ labels: labelsOf({ name, reason }), value })),
        ),
      },
    ],
  };
}
