// What `kubectl get` shows of Jobs.

import type { V1Job } from '../../../../generated/kubernetes.ts';
import { ageColumn, isDeleting, nameColumn, selectorText, templateColumns, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { humanDuration } from '../../../machinery/time.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Job>('Status', jobStatus),
  text<V1Job>('Completions', completions),
  text<V1Job>('Duration', jobDuration),
  ageColumn,
  ...templateColumns<V1Job>(({ spec }) => spec?.template),
  wide(text<V1Job>('Selector', ({ spec }) => selectorText(spec?.selector))),
];

const jobConditions = ['Complete', 'Failed', 'Terminating', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

/** The first of the words above that is true. */
function jobStatus(job: V1Job): string {
  const conditions = (job.status?.conditions ?? []).filter((each) => each.status === 'True').map((each) => each.type);
  const found = new Set(isDeleting(job) ? [...conditions, 'Terminating'] : conditions);
  return jobConditions.find((each) => found.has(each)) ?? 'Running';
}

function completions({ spec, status }: V1Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: V1Job, now: Date): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime();
  return humanDuration(end - Date.parse(status.startTime));
}
