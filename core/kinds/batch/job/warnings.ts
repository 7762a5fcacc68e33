// Warnings about Jobs, and about the template of them in a CronJob.

import type { V1JobSpec } from '../../../../generated/kubernetes.ts';
import { warnOfTemplate } from '../../core/pod-template/warnings.ts';

/** Beyond both, the list of indexes that failed may outgrow its field. */
const many = { completions: 100_000, parallelism: 10_000 } as const;

export function warnOfJob(spec: V1JobSpec | undefined, path: string): string[] {
  if (!spec) return [];
  const { completionMode, completions = 0, parallelism = 0 } = spec;
  const warnings = warnOfTemplate(spec.template, `${path}.template`);
  if (completionMode === 'Indexed' && completions > many.completions && parallelism > many.parallelism)
    warnings.unshift(
      `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    );
  return warnings;
}
