// What dashboards want to know of priority and fairness, counted as it happens and written when somebody scrapes.

import { createHistogram, type Histogram, observe, renderHistogram } from '../system/histogram.ts';
import type { Refusal, Seats } from './seats.ts';

export interface FlowCounts {
  dispatched(seats: number, waitedSeconds: number): void;
  finished(seats: number, seconds: number): void;
  queued(): void;
  dequeued(): void;
  rejected(reason: Refusal, waitedSeconds: number): void;
}

export interface FlowStatistics {
  /** One per level and schema, kept. */
  of(level: string, schema: string): FlowCounts;
  render(seats: Seats): string;
}

interface Row {
  readonly labels: string;
  begun: number;
  executing: number;
  executingSeats: number;
  inQueue: number;
  readonly refusals: Map<Refusal, number>;
  readonly waited: Histogram;
  readonly refused: Histogram;
  readonly executed: Histogram;
}

// In seconds, as kube-apiserver's for waits and executions, fewer.
const buckets = [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const prefix = 'apiserver_flowcontrol';

export function createFlowStatistics(): FlowStatistics {
  const rows = new Map<string, Row & FlowCounts>();
  return {
    of(level, schema) {
      const labels = `flow_schema="${schema}",priority_level="${level}"`;
      const known = rows.get(labels) ?? makeRow(labels);
      rows.set(labels, known);
      return known;
    },
    render(seats) {
      const all = [...rows.values()];
      const lines: string[] = [];
      const metric = (name: string, type: string, help: string, values: readonly string[]) =>
        lines.push(`# HELP ${prefix}_${name} ${help}`, `# TYPE ${prefix}_${name} ${type}`, ...values);
      const perRow = (name: string, type: string, help: string, value: (row: Row) => number) =>
        metric(
          name,
          type,
          help,
          all.map((row) => `${prefix}_${name}{${row.labels}} ${value(row)}`),
        );
      perRow('dispatched_requests_total', 'counter', 'Requests that began to run.', (row) => row.begun);
      perRow('current_executing_requests', 'gauge', 'Requests that run now.', (row) => row.executing);
      perRow('current_executing_seats', 'gauge', 'Seats that requests have now.', (row) => row.executingSeats);
      perRow('current_inqueue_requests', 'gauge', 'Requests that wait now.', (row) => row.inQueue);
      metric(
        'rejected_requests_total',
        'counter',
        'Requests that got no seat, by why.',
        all.flatMap((row) =>
          [...row.refusals].map(
            ([reason, count]) => `${prefix}_rejected_requests_total{${row.labels},reason="${reason}"} ${count}`,
          ),
        ),
      );
      metric('request_wait_duration_seconds', 'histogram', 'Time in a queue, by whether it ran then.', []);
      for (const row of all) {
        renderHistogram(`${prefix}_request_wait_duration_seconds`, `${row.labels},execute="true"`, row.waited, lines);
        renderHistogram(`${prefix}_request_wait_duration_seconds`, `${row.labels},execute="false"`, row.refused, lines);
      }
      metric('request_execution_seconds', 'histogram', 'Time from its seat to the end of a request.', []);
      for (const row of all)
        renderHistogram(`${prefix}_request_execution_seconds`, `${row.labels},type="regular"`, row.executed, lines);
      const levels = [...seats.levels];
      const perLevel = (name: string, help: string, value: (each: (typeof levels)[number]) => number) =>
        metric(
          name,
          'gauge',
          help,
          levels.map((each) => `${prefix}_${name}{priority_level="${each.name}"} ${value(each)}`),
        );
      perLevel('nominal_limit_seats', 'Seats of its own.', ({ config }) => config.nominal);
      perLevel('lower_limit_seats', 'Seats that it does not lend.', ({ config }) => config.nominal - config.lendable);
      perLevel('upper_limit_seats', 'The most seats that it may have.', ({ config }) =>
        Math.min(seats.total, config.nominal + config.borrowable),
      );
      perLevel('current_limit_seats', 'Seats that it has or may have now.', ({ config, inUse }) =>
        Math.max(config.nominal, inUse),
      );
      return `${lines.join('\n')}\n`;
    },
  };
}

function makeRow(labels: string): Row & FlowCounts {
  return {
    labels,
    begun: 0,
    executing: 0,
    executingSeats: 0,
    inQueue: 0,
    refusals: new Map(),
    waited: createHistogram(buckets),
    refused: createHistogram(buckets),
    executed: createHistogram(buckets),
    dispatched(seats, waitedSeconds) {
      this.begun += 1;
      this.executing += 1;
      this.executingSeats += seats;
      observe(this.waited, waitedSeconds);
    },
    finished(seats, seconds) {
      this.executing -= 1;
      this.executingSeats -= seats;
      observe(this.executed, seconds);
    },
    queued() {
      this.inQueue += 1;
    },
    dequeued() {
      this.inQueue -= 1;
    },
    rejected(reason, waitedSeconds) {
      this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
      observe(this.refused, waitedSeconds);
    },
  };
}
