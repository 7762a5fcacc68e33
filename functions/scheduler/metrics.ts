// What the scheduler counts, under kube-scheduler's names. Only where somebody may scrape it.

import { type Family, labelsOf, type Series } from '../../core/metrics/family.ts';
import { createHistogram, exponentialBounds, type Histogram, observe } from '../../core/metrics/histogram.ts';
import type { OnEntered, QueueName } from './queue-events.ts';

export type Result = 'scheduled' | 'unschedulable' | 'error';

/** As things are at the moment of a scrape. */
export interface SchedulerGauges {
  /** Pods that are due, that pause after a failure, that nothing but a change can help, and that are not to be tried yet. */
  readonly active: number;
  readonly backoff: number;
  readonly unschedulable: number;
  readonly gated: number;
  readonly nodes: number;
  /** That have a node. */
  readonly pods: number;
}

export interface SchedulerMetrics {
  /** Seconds of a clock that only goes forward. */
  now(): number;
  /** A decision on one pod took so long. */
  decided(seconds: number): void;
  /** An attempt ended, its bind included. */
  attempted(profile: string, result: Result, seconds: number): void;
  /** A pod has its node, so many attempts and seconds after it came to wait. */
  bound(attempts: number, seconds: number): void;
  /** It was looked for pods that may have to leave for another; so many have to. */
  soughtRoom(victims: number): void;
  /** A pod came into a queue. */
  readonly entered: OnEntered;
  /** Where the gauges come from. */
  follow(gauges: () => SchedulerGauges): void;
  families(): Family[];
}

const attemptBounds = exponentialBounds(0.001, 2, 15);
const podBounds = exponentialBounds(0.01, 2, 20);

export function createSchedulerMetrics(now = () => performance.now() / 1000): SchedulerMetrics {
  const attempts = new Map<string, Histogram>();
  const podSeconds = new Map<string, Histogram>();
  const podAttempts = createHistogram(exponentialBounds(1, 2, 5));
  const decisions = createHistogram(attemptBounds);
  const victims = createHistogram(exponentialBounds(1, 2, 7));
  /** By event. */
  const entries: Readonly<Record<QueueName, Map<string, number>>> = {
    active: new Map(),
    backoff: new Map(),
    unschedulable: new Map(),
  };
  let preemptions = 0;
  let gauges: (() => SchedulerGauges) | undefined;

  const family = (name: string, type: Family['type'], help: string, series: readonly Series[]): Family => ({
    name: `scheduler_${name}`,
    type,
    help,
    series,
  });
  const seriesOf = (histograms: ReadonlyMap<string, Histogram>) =>
    [...histograms].map(([labels, value]) => ({ labels, value }));

  return {
    now,
    decided: (seconds) => observe(decisions, seconds),
    attempted(profile, result, seconds) {
      observe(kept(attempts, labelsOf({ profile, result }), attemptBounds), seconds);
    },
    bound(count, seconds) {
      observe(podAttempts, count);
      observe(kept(podSeconds, labelsOf({ attempts: count < 16 ? String(count) : '16+' }), podBounds), seconds);
    },
    soughtRoom(count) {
      preemptions += 1;
      if (count > 0) observe(victims, count);
    },
    entered(queue, event) {
      entries[queue].set(event, (entries[queue].get(event) ?? 0) + 1);
    },
    follow(read) {
      gauges = read;
    },
    families() {
      const { active = 0, backoff = 0, unschedulable = 0, gated = 0, nodes = 0, pods = 0 } = gauges?.() ?? {};
      const amounts = (label: string, values: Readonly<Record<string, number>>) =>
        Object.entries(values).map(([name, value]) => ({ labels: labelsOf({ [label]: name }), value }));
      return [
        family(
          'schedule_attempts_total',
          'counter',
          'Attempts to schedule a pod, by result.',
          [...attempts].map(([labels, { total }]) => ({ labels, value: total })),
        ),
        family(
          'scheduling_attempt_duration_seconds',
          'histogram',
          'Time of an attempt: its share of the decision on its batch, and the bind.',
          seriesOf(attempts),
        ),
        family('scheduling_algorithm_duration_seconds', 'histogram', 'Time of the decision on one pod.', [
          { labels: '', value: decisions },
        ]),
        family(
          'pending_pods',
          'gauge',
          'Pods that wait: due, in a pause after a failure, until something changes, or gated.',
          amounts('queue', { active, backoff, gated, unschedulable }),
        ),
        family(
          'queue_incoming_pods_total',
          'counter',
          'Pods that came into a queue, by the event that brought them.',
          Object.entries(entries).flatMap(([queue, counts]) =>
            [...counts].map(([event, value]) => ({ labels: labelsOf({ event, queue }), value })),
          ),
        ),
        family(
          'pod_scheduling_sli_duration_seconds',
          'histogram',
          'Time from when a pod came to wait until it had its node, by attempts.',
          seriesOf(podSeconds),
        ),
        family('pod_scheduling_attempts', 'histogram', 'Attempts until a pod had its node.', [
          { labels: '', value: podAttempts },
        ]),
        family('preemption_attempts_total', 'counter', 'Looks for pods that may have to leave for others.', [
          { labels: '', value: preemptions },
        ]),
        family('preemption_victims', 'histogram', 'Pods that had to leave for one pod.', [
          { labels: '', value: victims },
        ]),
        family(
          'cache_size',
          'gauge',
          'What the scheduler knows: nodes, and pods that have one.',
          amounts('type', { nodes, pods }),
        ),
      ];
    },
  };
}

function kept(histograms: Map<string, Histogram>, labels: string, bounds: readonly number[]): Histogram {
  const known = histograms.get(labels) ?? createHistogram(bounds);
  histograms.set(labels, known);
  return known;
}
