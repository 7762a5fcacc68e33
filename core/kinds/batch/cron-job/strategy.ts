// CronJobs.

import type { V1CronJob } from '../../../../generated/kubernetes.ts';
import { cronError } from '../../../machinery/cron.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { isTimeZone } from '../../../machinery/time-zone.ts';
import { defaultTemplate } from '../../core/pod-template/template.ts';
import { specChanged } from '../../core/pod-template/warnings.ts';
import { warnOfPodNames } from '../../metadata/name-warnings.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';
import { validateJobSpec } from '../job/validate-spec.ts';
import { warnOfJob } from '../job/warnings.ts';

/** Jobs add a timestamp of eleven characters to the name, and it must stay a DNS label. */
const maxName = 52;

export const strategy = strategyFor<V1CronJob>({
  generation: true,
  validateName: (name, prefix) => [
    ...dns1123Subdomain(prefix ? name.replace(/-$/, 'a') : name),
    ...(name.length > maxName ? [`must be no more than ${maxName} characters`] : []),
  ],
  // What else a Job has by default it has when it is made.
  defaults: ({ spec }) => defaultTemplate(spec?.jobTemplate?.spec?.template),
  validate({ spec }, old) {
    if (!spec) return [required('spec')];
    const errors: FieldError[] = [];
    if (!spec.schedule) errors.push(required('spec.schedule'));
    else
      errors.push(
        // Those of before the field was there go on.
        ...validateSchedule(spec.schedule, spec.timeZone, old?.spec?.schedule?.includes('TZ') ?? false),
      );
    if (spec.timeZone !== undefined) errors.push(...validateTimeZone(spec.timeZone));
    errors.push(...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'));
    errors.push(...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'));
    errors.push(...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'));
    if (spec.jobTemplate?.spec) errors.push(...validateJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec'));
    else errors.push(required('spec.jobTemplate.spec'));
    if (spec.jobTemplate?.spec?.manualSelector)
      errors.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
    if (spec.jobTemplate?.spec?.selector)
      errors.push(forbiddenField('spec.jobTemplate.spec.selector', '`selector` will be auto-generated'));
    return errors;
  },
  warnings(object, old) {
    const warnings = old ? [] : warnOfPodNames(object.metadata?.name);
    if (specChanged(object, old)) warnings.push(...warnOfJob(object.spec?.jobTemplate?.spec, 'spec.jobTemplate.spec'));
    if (old && object.spec?.schedule?.includes('TZ'))
      warnings.push(
        'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      );
    return warnings;
  },
});

/** What the controller will read: one parser says what a schedule is. */
function validateSchedule(schedule: string, timeZone: string | undefined, zoneInSchedule: boolean): FieldError[] {
  const path = 'spec.schedule';
  const wrong = cronError(schedule);
  const errors = wrong === undefined ? [] : [invalidValue(path, schedule, wrong)];
  if (!schedule.includes('TZ')) return errors;
  if (!zoneInSchedule)
    errors.push(invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  else if (timeZone !== undefined)
    errors.push(invalidValue(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  return errors;
}

function validateTimeZone(timeZone: string): FieldError[] {
  const path = 'spec.timeZone';
  if (timeZone === '') return [invalidValue(path, timeZone, 'timeZone must be nil or non-empty string')];
  if (timeZone.toLowerCase() === 'local')
    return [
      invalidValue(
        path,
        timeZone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  return isTimeZone(timeZone) ? [] : [invalidValue(path, timeZone, `unknown time zone ${timeZone}`)];
}
