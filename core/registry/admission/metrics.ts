// What admission counts, under Kubernetes' names. Only where somebody may scrape it.

import { type Family, labelsOf, type Series } from '../../metrics/family.ts';
import { createHistogram, type Histogram, observe } from '../../metrics/histogram.ts';
import type { Operation } from './operation.ts';

export type Step = 'admit' | 'validate';

/** What came of asking a webhook. `code`: of the refusal, 200 where there is none. */
export interface WebhookOutcome {
  readonly name: string;
  readonly type: 'admit' | 'validating';
  readonly operation: Operation;
  readonly result: 'allowed' | 'denied' | 'failed' | 'failed-open';
  readonly code: number;
}

export interface AdmissionMetrics {
  plugin(name: string, step: Step, operation: Operation, rejected: boolean, seconds: number): void;
  /** All plugins together. */
  step(step: Step, operation: Operation, rejected: boolean, seconds: number): void;
  webhook(outcome: WebhookOutcome, seconds: number): void;
  families(): Family[];
}

const secondsBounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const webhookBounds = [...secondsBounds, 10, 25];

/** By operation, then by step and whether it was refused. */
type Rows = Map<Operation, (Histogram | undefined)[]>;

export function createAdmissionMetrics(): AdmissionMetrics {
  const plugins = new Map<string, Rows>();
  const steps: Rows = new Map();
  const webhooks = new Map<string, Histogram>();
  const requests = new Map<string, number>();
  const rejections = new Map<string, number>();
  const failedOpen = new Map<string, number>();
  const add = (counts: Map<string, number>, labels: Readonly<Record<string, string>>) => {
    const text = labelsOf(labels);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  };

  return {
    plugin(name, step, operation, rejected, seconds) {
      let rows = plugins.get(name);
      if (!rows) {
        rows = new Map();
        plugins.set(name, rows);
      }
      count(rows, step, operation, rejected, seconds);
    },
    step(step, operation, rejected, seconds) {
      count(steps, step, operation, rejected, seconds);
    },
    webhook({ name, type, operation, result, code }, seconds) {
      const rejected = String(result === 'denied' || result === 'failed');
      const text = labelsOf({ name, operation, rejected, type });
      const histogram = webhooks.get(text) ?? createHistogram(webhookBounds);
      webhooks.set(text, histogram);
      observe(histogram, seconds);
      add(requests, { code: String(code), name, operation, rejected, type });
      if (result === 'failed-open') add(failedOpen, { name, type });
      if (result === 'failed' || result === 'denied')
        add(rejections, {
          error_type: result === 'failed' ? 'calling_webhook_error' : 'no_error',
          name,
          operation,
          rejection_code: String(result === 'failed' ? 0 : code),
          type,
        });
    },
    families() {
      const histogram = (name: string, help: string, series: readonly Series[]): Family => ({
        name: `apiserver_admission_${name}`,
        type: 'histogram',
        help,
        series,
      });
      const counter = (name: string, help: string, counts: ReadonlyMap<string, number>): Family => ({
        name: `apiserver_admission_${name}`,
        type: 'counter',
        help,
        series: [...counts].map(([labels, value]) => ({ labels, value })),
      });
      return [
        histogram(
          'controller_admission_duration_seconds',
          'Time of one admission plugin.',
          [...plugins].flatMap(([name, rows]) => seriesOf(rows, { name })),
        ),
        histogram('step_admission_duration_seconds', 'Time of all admission plugins together.', seriesOf(steps, {})),
        histogram(
          'webhook_admission_duration_seconds',
          'Time until an admission webhook answered.',
          [...webhooks].map(([labels, value]) => ({ labels, value })),
        ),
        counter('webhook_request_total', 'Requests to admission webhooks.', requests),
        counter('webhook_rejection_count', 'Refusals by admission webhooks, or for want of their answer.', rejections),
        counter('webhook_fail_open_count', 'Requests that went on without the answer of a webhook.', failedOpen),
      ];
    },
  };
}

function count(rows: Rows, step: Step, operation: Operation, rejected: boolean, seconds: number): void {
  let cells = rows.get(operation);
  if (!cells) {
    cells = [];
    rows.set(operation, cells);
  }
  const at = (step === 'admit' ? 0 : 2) + (rejected ? 1 : 0);
  let histogram = cells[at];
  if (!histogram) {
    histogram = createHistogram(secondsBounds);
    cells[at] = histogram;
  }
  observe(histogram, seconds);
}

function seriesOf(rows: Rows, more: Readonly<Record<string, string>>): Series[] {
  return [...rows].flatMap(([operation, cells]) =>
    [...cells.entries()].flatMap(([at, value]) => {
      if (!value) return [];
      const labels = { ...more, operation, rejected: String(at % 2 === 1), type: at < 2 ? 'admit' : 'validate' };
      return [{ labels: labelsOf(labels), value }];
    }),
  );
}
