// How probes of containers ended and how long they took, as kubelet counts them at /metrics/probes.

import { type Family, labelsOf } from '../../core/metrics/family.ts';
import { createHistogram, type Histogram, observe } from '../../core/metrics/histogram.ts';
import type { ProbeKind } from './container-probes.ts';

export interface ProbedContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
}

export type ProbeResult = 'successful' | 'failed' | 'unknown';

export interface ProbeMetrics {
  /** `seconds`: how long the answer took. */
  probed(of: ProbedContainer, kind: ProbeKind, result: ProbeResult, seconds: number): void;
  /** A pod is not probed any more: its series end. */
  forget(uid: string): void;
  families(): Family[];
}

interface Counts {
  readonly of: ProbedContainer;
  readonly kind: ProbeKind;
  readonly results: Map<ProbeResult, number>;
  readonly seconds: Histogram;
}

// Prometheus' own bounds, which kubelet takes.
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createProbeMetrics(): ProbeMetrics {
  const pods = new Map<string, Map<string, Counts>>();
  const all = () => [...pods.values()].flatMap((own) => [...own.values()]);
  return {
    probed(of, kind, result, seconds) {
      const own = pods.get(of.uid) ?? new Map<string, Counts>();
      pods.set(of.uid, own);
      const key = `${kind}/${of.container}`;
      const counts = own.get(key) ?? { of, kind, results: new Map(), seconds: createHistogram(bounds) };
      own.set(key, counts);
      counts.results.set(result, (counts.results.get(result) ?? 0) + 1);
      // As kubelet has it: what failed often took as long as it may, and says nothing of answers.
      if (result !== 'failed') observe(counts.seconds, seconds);
    },
    forget: (uid) => void pods.delete(uid),
    families: () => [
      {
        name: 'prober_probe_total',
        help: 'Probes of a container, by their type and result.',
        type: 'counter',
        series: all().flatMap(({ of: { container, namespace, pod, uid }, kind, results }) =>
          [...results].map(([result, value]) => ({
            labels: labelsOf({ container, namespace, pod, pod_uid: uid, probe_type: kind, result }),
            value,
          })),
        ),
      },
      {
        name: 'prober_probe_duration_seconds',
        help: 'Time that an answer to a probe took, in seconds.',
        type: 'histogram',
        series: all()
          .filter(({ seconds }) => seconds.total > 0)
          .map(({ of: { container, namespace, pod }, kind, seconds }) => ({
            labels: labelsOf({ container, namespace, pod, probe_type: kind }),
            value: seconds,
          })),
      },
    ],
  };
}
