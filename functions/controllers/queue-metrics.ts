// What the queues of controllers count, under the names of client-go's workqueues. Only where somebody may scrape it.

import { type Family, labelsOf, type Series } from '../../core/metrics/family.ts';
import { createHistogram, exponentialBounds, type Histogram, observe } from '../../core/metrics/histogram.ts';

/** Told by one queue what happens to its keys. */
export interface QueueMeter {
  /** A key came to wait; also one that is worked on and is to come again. */
  added(key: string): void;
  taken(key: string): void;
  done(key: string): void;
  /** A key is to come again after a pause. */
  retried(): void;
}

export interface QueueMetrics {
  of(name: string): QueueMeter;
  families(): Family[];
}

/** client-go's: from a microsecond to a quarter of an hour. */
const secondsBounds = exponentialBounds(1e-6, 10, 10);

interface Row {
  readonly labels: string;
  adds: number;
  retries: number;
  readonly waited: Histogram;
  readonly worked: Histogram;
  /** Since when, by key. */
  readonly waiting: Map<string, number>;
  readonly running: Map<string, number>;
}

/** `now`: seconds of a clock that only goes forward. */
export function createQueueMetrics(now = () => performance.now() / 1000): QueueMetrics {
  const rows: Row[] = [];

  const family = (name: string, type: Family['type'], help: string, value: (row: Row) => Series['value']): Family => ({
    name: `workqueue_${name}`,
    type,
    help,
    series: rows.map((row) => ({ labels: row.labels, value: value(row) })),
  });

  return {
    of(name) {
      const row: Row = {
        labels: labelsOf({ name }),
        adds: 0,
        retries: 0,
        waited: createHistogram(secondsBounds),
        worked: createHistogram(secondsBounds),
        waiting: new Map(),
        running: new Map(),
      };
      rows.push(row);
      return {
        added(key) {
          row.adds += 1;
          row.waiting.set(key, now());
        },
        taken(key) {
          const at = now();
          observe(row.waited, at - (row.waiting.get(key) ?? at));
          row.waiting.delete(key);
          row.running.set(key, at);
        },
        done(key) {
          const at = now();
          observe(row.worked, at - (row.running.get(key) ?? at));
          row.running.delete(key);
        },
        retried() {
          row.retries += 1;
        },
      };
    },
    families() {
      const at = now();
      const ages = ({ running }: Row) => [...running.values()].map((since) => at - since);
      return [
        family('adds_total', 'counter', 'Keys that came to wait.', (row) => row.adds),
        family('depth', 'gauge', 'Keys that wait now.', (row) => row.waiting.size),
        family('queue_duration_seconds', 'histogram', 'Time that a key waits.', (row) => row.waited),
        family('work_duration_seconds', 'histogram', 'Time that a key is worked on.', (row) => row.worked),
        family(
          'unfinished_work_seconds',
          'gauge',
          'Time that the keys which are worked on now have taken so far.',
          (row) => ages(row).reduce((sum, each) => sum + each, 0),
        ),
        family(
          'longest_running_processor_seconds',
          'gauge',
          'Time that the key which is worked on for longest has taken so far.',
          (row) => Math.max(0, ...ages(row)),
        ),
        family('retries_total', 'counter', 'Keys that were to come again after a pause.', (row) => row.retries),
      ];
    },
  };
}
