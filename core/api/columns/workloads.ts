// Columns of the kinds that run pods: apps, batch, autoscaling, policy, and replication controllers.

import type {
  V1ControllerRevision,
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1PodDisruptionBudget,
  V1PodTemplate,
  V1ReplicaSet,
  V1ReplicationController,
  V1StatefulSet,
} from '../../../generated/kubernetes.ts';
import { humanDuration } from '../../machinery/time.ts';
import type { Column } from '../definition.ts';
import { ageOf } from './age.ts';
import {
  ageColumn,
  integer,
  isDeleting,
  labelsText,
  nameColumn,
  none,
  optionalBoolean,
  selectorText,
  templateColumns,
  text,
  wide,
} from './column.ts';

type Replicated = V1ReplicaSet | V1ReplicationController;

const replicaColumns: readonly Column[] = [
  nameColumn,
  integer<Replicated>('Desired', ({ spec }) => spec?.replicas ?? 0),
  integer<Replicated>('Current', ({ status }) => status?.replicas ?? 0),
  integer<Replicated>('Ready', ({ status }) => status?.readyReplicas ?? 0),
  ageColumn,
  ...templateColumns<Replicated>(({ spec }) => spec?.template),
];

export const workloadColumns: Readonly<Record<string, readonly Column[]>> = {
  podtemplates: [
    nameColumn,
    ...templateColumns<V1PodTemplate>(({ template }) => template).map((each) => ({ ...each, priority: 0 })),
    text<V1PodTemplate>('Pod Labels', ({ template }) => labelsText(template?.metadata?.labels)),
  ],
  replicationcontrollers: [
    ...replicaColumns,
    wide(text<V1ReplicationController>('Selector', ({ spec }) => labelsText(spec?.selector))),
  ],
  'replicasets.apps': [
    ...replicaColumns,
    wide(text<V1ReplicaSet>('Selector', ({ spec }) => selectorText(spec?.selector))),
  ],
  'deployments.apps': [
    nameColumn,
    text<V1Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    integer<V1Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    integer<V1Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...templateColumns<V1Deployment>(({ spec }) => spec?.template),
    wide(text<V1Deployment>('Selector', ({ spec }) => selectorText(spec?.selector))),
  ],
  'statefulsets.apps': [
    nameColumn,
    text<V1StatefulSet>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    ageColumn,
    ...templateColumns<V1StatefulSet>(({ spec }) => spec?.template),
  ],
  'daemonsets.apps': [
    nameColumn,
    integer<V1DaemonSet>('Desired', ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer<V1DaemonSet>('Current', ({ status }) => status?.currentNumberScheduled ?? 0),
    integer<V1DaemonSet>('Ready', ({ status }) => status?.numberReady ?? 0),
    integer<V1DaemonSet>('Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0),
    integer<V1DaemonSet>('Available', ({ status }) => status?.numberAvailable ?? 0),
    text<V1DaemonSet>('Node Selector', ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...templateColumns<V1DaemonSet>(({ spec }) => spec?.template),
    wide(text<V1DaemonSet>('Selector', ({ spec }) => selectorText(spec?.selector))),
  ],
  'controllerrevisions.apps': [
    nameColumn,
    text<V1ControllerRevision>('Controller', controllerOf),
    integer<V1ControllerRevision>('Revision', ({ revision }) => revision),
    ageColumn,
  ],
  'jobs.batch': [
    nameColumn,
    text<V1Job>('Status', jobStatus),
    text<V1Job>('Completions', completions),
    text<V1Job>('Duration', jobDuration),
    ageColumn,
    ...templateColumns<V1Job>(({ spec }) => spec?.template),
    wide(text<V1Job>('Selector', ({ spec }) => selectorText(spec?.selector))),
  ],
  'cronjobs.batch': [
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
  ],
  'poddisruptionbudgets.policy': [
    nameColumn,
    text<V1PodDisruptionBudget>('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    text<V1PodDisruptionBudget>('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    integer<V1PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
};

function controllerOf({ metadata }: V1ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((each) => each.controller);
  if (!owner) return none;
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

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
