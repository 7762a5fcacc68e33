// What dashboards want to know of priority and fairness, counted as it happens and written when somebody scrapes.

import { type Family, labelsOf, type Series } from '../../../core/metrics/family.ts';
import { createHistogram, type Histogram, observe } from '../../../core/metrics/histogram.ts';
import type { Refusal, Seats } from './seats.ts';

export interface FlowCounts {
  dispatched(seats: number, waitedSeconds: number): void;
  finished(seats: number, seconds: number): void;
  /** A request of a level that queues came to stand in a queue of this length; one that runs at once, too (as in Kubernetes). */
  entered(queueLength: number): void;
  queued(seats: number): void;
  dequeued(seats: number): void;
  rejected(reason: Refusal, waitedSeconds: number): void;
}

export interface FlowStatistics {
  /** One per level and schema, kept. */
  of(level: string, schema: string): FlowCounts;
  families(seats: Seats): Family[];
}

interface Row {
  readonly labels: string;
  readonly seats: Histogram;
  executing: number;
  executingSeats: number;
  inQueue: number;
  inQueueSeats: number;
  readonly queueLength: Histogram;
  readonly refusals: Map<Refusal, number>;
  readonly waited: Histogram;
  readonly refused: Histogram;
  readonly executed: Histogram;
}

// Kubernetes' bounds: of waits and executions in seconds, of seats, of lengths of queues.
const secondsBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const seatsBounds = [1, 2, 4, 10];
const lengthBounds = [0, 10, 25, 50, 100, 250, 500, 1000];

export function createFlowStatistics(): FlowStatistics {
  const rows = new Map<string, Row & FlowCounts>();
  return {
    of(level, schema) {
      const labels = labelsOf({ flow_schema: schema, priority_level: level });
      const known = rows.get(labels) ?? makeRow(labels);
      rows.set(labels, known);
      return known;
    },
    families(seats) {
      const all = [...rows.values()];
      const metric = (name: string, type: Family['type'], help: string, series: readonly Series[]): Family => ({
        name: `apiserver_flowcontrol_${name}`,
        type,
        help,
        series,
      });
      const perRow = (name: string, type: Family['type'], help: string, value: (row: Row) => Series['value']) =>
        metric(
          name,
          type,
          help,
          all.map((row) => ({ labels: row.labels, value: value(row) })),
        );
      const levels = [...seats.levels];
      const perLevel = (name: string, help: string, value: (each: (typeof levels)[number]) => number) =>
        metric(
          name,
          'gauge',
          help,
          levels.map((each) => ({ labels: labelsOf({ priority_level: each.name }), value: value(each) })),
        );
      return [
        perRow('dispatched_requests_total', 'counter', 'Requests that began to run.', (row) => row.seats.total),
        perRow('current_executing_requests', 'gauge', 'Requests that run now.', (row) => row.executing),
        perRow('current_executing_seats', 'gauge', 'Seats that requests have now.', (row) => row.executingSeats),
        perRow('current_inqueue_requests', 'gauge', 'Requests that wait now.', (row) => row.inQueue),
        perRow('current_inqueue_seats', 'gauge', 'Seats that are waited for now.', (row) => row.inQueueSeats),
        perRow('work_estimated_seats', 'histogram', 'Seats of requests that began to run.', (row) => row.seats),
        perRow(
          'request_queue_length_after_enqueue',
          'histogram',
          'Length of its queue as each request saw it, itself counted.',
          (row) => row.queueLength,
        ),
        metric(
          'rejected_requests_total',
          'counter',
          'Requests that got no seat, by why.',
          all.flatMap((row) =>
            [...row.refusals].map(([reason, value]) => ({ labels: `${row.labels},${labelsOf({ reason })}`, value })),
          ),
        ),
        metric(
          'request_wait_duration_seconds',
          'histogram',
          'Time in a queue, by whether it ran then.',
          all.flatMap((row) => [
            { labels: `${row.labels},execute="true"`, value: row.waited },
            { labels: `${row.labels},execute="false"`, value: row.refused },
          ]),
        ),
        metric(
          'request_execution_seconds',
          'histogram',
          'Time from its seat to the end of a request; of a watch, until it has begun.',
          all.map((row) => ({ labels: `${row.labels},type="regular"`, value: row.executed })),
        ),
        perLevel('nominal_limit_seats', 'Seats of its own.', ({ config }) => config.nominal),
        perLevel('lower_limit_seats', 'Seats that it does not lend.', ({ config }) => config.nominal - config.lendable),
        perLevel('upper_limit_seats', 'The most seats that it may have.', ({ config }) =>
          Math.min(seats.total, config.nominal + config.borrowable),
        ),
        perLevel('current_limit_seats', 'Seats that it has or may have now.', ({ config, inUse }) =>
          Math.max(config.nominal, inUse),
        ),
      ];
    },
  };
}

function makeRow(labels: string): Row & FlowCounts {
  return {
    labels,
    seats: createHistogram(seatsBounds),
    executing: 0,
    executingSeats: 0,
    inQueue: 0,
    inQueueSeats: 0,
    queueLength: createHistogram(lengthBounds),
    refusals: new Map(),
    waited: createHistogram(secondsBounds),
    refused: createHistogram(secondsBounds),
    executed: createHistogram(secondsBounds),
    dispatched(seats, waitedSeconds) {
      observe(this.seats, seats);
      this.executing += 1;
      this.executingSeats += seats;
      observe(this.waited, waitedSeconds);
    },
    finished(seats, seconds) {
      this.executing -= 1;
      this.executingSeats -= seats;
      observe(this.executed, seconds);
    },
    entered(queueLength) {
      observe(this.queueLength, queueLength);
    },
    queued(seats) {
      this.inQueue += 1;
      this.inQueueSeats += seats;
    },
    dequeued(seats) {
      this.inQueue -= 1;
      this.inQueueSeats -= seats;
    },
    rejected(reason, waitedSeconds) {
      this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
      observe(this.refused, waitedSeconds);
    },
  };
}
