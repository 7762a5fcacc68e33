// Events: short-lived, one hour.

import type { CoreV1Event } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

const lifetimeSeconds = 3600;

export const strategy = strategyFor<CoreV1Event>({
  createOnUpdate: true,
  keepStatus: true,
  expiresAt: (_object, { now }) => Math.floor(now.getTime() / 1000) + lifetimeSeconds,
  validate(object, old, group) {
    const errors = validateForAll(object);
    // Who speaks the older version is held to no more than it ever was.
    if (group !== 'events.k8s.io') return errors;
    return [...errors, ...(old ? validateChange(object, old) : validateNew(object))];
  },
});

function validateForAll(object: CoreV1Event): FieldError[] {
  const { metadata, involvedObject, eventTime } = object;
  const place = metadata?.namespace ?? '';
  const about = involvedObject?.namespace ?? '';
  // Who says when it was, speaks the newer version; then the rest must be said too, and an event may stand beside what it is about.
  const elsewhere = eventTime
    ? about === '' && place !== 'default' && place !== 'kube-system'
    : place !== (about || 'default');
  return [
    ...(elsewhere ? [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')] : []),
    ...(eventTime ? validateReport(object) : []),
  ];
}

const longest = { report: 128, note: 1024 } as const;

function validateReport({ reportingComponent = '', message = '', ...object }: CoreV1Event): FieldError[] {
  const errors = reportingComponent ? [] : [required('reportingController')];
  for (const why of qualifiedNameErrors(reportingComponent))
    errors.push(invalidValue('reportingController', reportingComponent, why));
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = object[field] ?? '';
    if (!value) errors.push(required(field));
    else if (Buffer.byteLength(value) > longest.report) errors.push(tooLongText(field, longest.report));
  }
  if (Buffer.byteLength(message) > longest.note) errors.push(tooLongText('message', longest.note));
  return errors;
}

function tooLongText(field: string, most: number): FieldError {
  return invalidValue(field, '', `can have at most ${most} characters`);
}

const types = ['Normal', 'Warning'];

function validateNew(object: CoreV1Event): FieldError[] {
  const { eventTime, type = '', firstTimestamp, lastTimestamp, count, source } = object;
  const errors = validateSeries(object);
  if (!eventTime) errors.push(required('eventTime'));
  if (!types.includes(type)) errors.push(invalidValue('type', '', `has invalid value: ${type}`));
  const old = { firstTimestamp, lastTimestamp, count, source: source?.component || source?.host };
  for (const [field, value] of Object.entries(old))
    if (value) errors.push(invalidValue(field, '', 'needs to be unset'));
  return errors;
}

function validateSeries({ series }: CoreV1Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ];
}

/** By what an error calls them. */
const lasting = {
  involvedObject: 'involvedObject',
  reason: 'reason',
  message: 'message',
  source: 'source',
  firstTimestamp: 'firstTimestamp',
  lastTimestamp: 'lastTimestamp',
  count: 'count',
  type: 'type',
  eventTime: 'eventTime',
  action: 'action',
  related: 'related',
  reportingController: 'reportingComponent',
  reportingInstance: 'reportingInstance',
} as const satisfies Readonly<Record<string, keyof CoreV1Event>>;

/** Only its series goes on. */
function validateChange(object: CoreV1Event, old: CoreV1Event): FieldError[] {
  return [
    ...(semanticEqual(object.series, old.series) ? [] : validateSeries(object)),
    ...Object.entries(lasting).flatMap(([path, field]) => immutable(object[field], old[field], path)),
  ];
}
