// What `kubectl get` shows of CronJobs.

import type { V1CronJob } from '../../../../generated/kubernetes.ts';
import { ageOf } from '../../../api/age.ts';
import {
  ageColumn,
  integer,
  nameColumn,
  none,
  optionalBoolean,
  selectorText,
  templateColumns,
  text,
  wide,
} from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1CronJob>('Schedule', ({ spec }) => spec?.schedule),
  text<V1CronJob>('Timezone', ({ spec }) => spec?.timeZone ?? none),
  text<V1CronJob>('Suspend', ({ spec }) => optionalBoolean(spec?.suspend)),
  integer<V1CronJob>('Active', ({ status }) => status?.active?.length ?? 0),
  text<V1CronJob>('Last Schedule', ({ status }, now) =>
    status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : none,
  ),
  ageColumn,
  ...templateColumns<V1CronJob>(({ spec }) => spec?.jobTemplate.spec?.template),
  wide(text<V1CronJob>('Selector', ({ spec }) => selectorText(spec?.jobTemplate.spec?.selector))),
];
