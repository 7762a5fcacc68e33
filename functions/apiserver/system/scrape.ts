// GET /metrics: everything that this process counts, each family once. Loaded with the first scrape.

import { expositionType, renderFamilies } from '../../../core/metrics/exposition.ts';
import { type Family, labelsOf } from '../../../core/metrics/family.ts';
import type { Aggregation } from '../aggregation/aggregation.ts';
import type { Audit } from '../audit/audit.ts';
import { respondText } from '../content/respond.ts';
import type { FlowControl } from '../flow-control/flow-control.ts';
import type { ApiResponse } from '../http.ts';
import type { HealthResults } from './health.ts';
import { processMetrics } from './process-metrics.ts';
import { requestFamilies } from './request-families.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { versionInfo } from './version.ts';

export interface ScrapeSources {
  readonly metrics: RequestMetrics;
  readonly flowControl?: FlowControl | undefined;
  readonly aggregation?: Pick<Aggregation, 'families'> | undefined;
  readonly audit?: Pick<Audit, 'counts'> | undefined;
  /** What else this process counts. */
  readonly moreMetrics?: (() => Promise<readonly Family[]>) | undefined;
}

export async function scrape(sources: ScrapeSources): Promise<ApiResponse> {
  const { metrics, flowControl, aggregation, audit, moreMetrics } = sources;
  const [ofProcess, more] = await Promise.all([processMetrics(), moreMetrics?.()]);
  return respondFamilies([
    ...requestFamilies(metrics.counts),
    ...(flowControl?.families() ?? []),
    ...(aggregation?.families() ?? []),
    ...(audit ? auditFamilies(audit.counts()) : []),
    buildInfo(),
    ...ofProcess,
    ...(more ?? []),
  ]);
}

/** GET /metrics/slis: what came of health checks so far (KEP-3466). */
export function scrapeHealth(results: HealthResults): ApiResponse {
  const names = ({ name, type }: { name: string; type: string }) => labelsOf({ name, type });
  return respondFamilies([
    {
      name: 'kubernetes_healthcheck',
      help: 'What came of a health check the last time: 1 where it passed, 0 where it failed.',
      type: 'gauge',
      series: results.map((each) => ({ labels: names(each), value: each.passes ? 1 : 0 })),
    },
    {
      name: 'kubernetes_healthchecks_total',
      help: 'Health checks by what came of them.',
      type: 'counter',
      series: results.flatMap((each) =>
        (['error', 'success'] as const)
          .filter((status) => each[status] > 0)
          .map((status) => ({ labels: `${names(each)},status="${status}"`, value: each[status] })),
      ),
    },
  ]);
}

function respondFamilies(families: readonly Family[]): ApiResponse {
  return respondText(200, renderFamilies(families), expositionType);
}

function auditFamilies({ events, lost }: ReturnType<Audit['counts']>): Family[] {
  const counter = (name: string, help: string, labels: string, value: number): Family => ({
    name,
    help,
    type: 'counter',
    series: [{ labels, value }],
  });
  return [
    counter('apiserver_audit_event_total', 'Audit events that were written.', '', events),
    counter('apiserver_audit_error_total', 'Audit events that could not be kept.', 'plugin="log"', lost),
  ];
}

/** As kube-apiserver's: `gitVersion` is `git_version`. */
function buildInfo(): Family {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const labels = Object.fromEntries(Object.entries(versionInfo()).map(([name, value]) => [snake(name), value]));
  return {
    name: 'kubernetes_build_info',
    help: 'The version served, with value 1.',
    type: 'gauge',
    series: [{ labels: labelsOf(labels), value: 1 }],
  };
}
