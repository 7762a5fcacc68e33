// CronJobs.

import type { V1CronJob } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { specChanged } from '../../core/pod-template/warnings.ts';
import { warnOfPodNames } from '../../metadata/name-warnings.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultJobSpec, validateJobSpec } from '../job/strategy.ts';
import { warnOfJob } from '../job/warnings.ts';

/** Jobs add a timestamp of eleven characters to the name, and it must stay a DNS label. */
const maxName = 52;

export const strategy = strategyFor<V1CronJob>({
  generation: true,
  validateName: (name, prefix) => [
    ...dns1123Subdomain(prefix ? name.replace(/-$/, 'a') : name),
    ...(name.length > maxName ? [`must be no more than ${maxName} characters`] : []),
  ],
  defaults: ({ spec }) => defaultJobSpec(spec?.jobTemplate?.spec),
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors: FieldError[] = [];
    if (!spec.schedule) errors.push(required('spec.schedule'));
    else errors.push(...validateSchedule(spec.schedule, spec.timeZone));
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

const macros = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const field = /^(\*|\?|[0-9A-Za-z]+)(-[0-9A-Za-z]+)?(\/[0-9]+)?(,(\*|[0-9A-Za-z]+)(-[0-9A-Za-z]+)?(\/[0-9]+)?)*$/;
const ranges: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];

function validateSchedule(schedule: string, timeZone: string | undefined): FieldError[] {
  const path = 'spec.schedule';
  const zone = /^(CRON_)?TZ=(\S+)\s+/.exec(schedule);
  if (zone && timeZone !== undefined)
    return [invalidValue(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
  if (zone) return [invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  if (macros.has(schedule)) return [];
  if (schedule.startsWith('@every '))
    return /^@every ([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/.test(schedule)
      ? []
      : [invalidValue(path, schedule, 'failed to parse duration')];
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5)
    return [
      invalidValue(path, schedule, `expected exactly 5 fields, found ${fields.length}: ${JSON.stringify(fields)}`),
    ];
  const wrong = fields.find((each, index) => !field.test(each) || !inRange(each, ranges[index]));
  return wrong === undefined ? [] : [invalidValue(path, schedule, `failed to parse field ${JSON.stringify(wrong)}`)];
}

function inRange(text: string, range: readonly [number, number] | undefined): boolean {
  const numbers = text
    .split(',')
    .flatMap((each) => (each.split('/')[0] ?? '').split('-'))
    .filter((each) => /^[0-9]+$/.test(each));
  return !range || numbers.every((each) => Number(each) >= range[0] && Number(each) <= range[1]);
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
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return [];
  } catch {
    return [invalidValue(path, timeZone, `unknown time zone ${timeZone}`)];
  }
}
