// Events: short-lived, one hour.

import type { CoreV1Event } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const lifetimeSeconds = 3600;

export const strategy = strategyFor<CoreV1Event>({
  createOnUpdate: true,
  keepStatus: true,
  expiresAt: (_object, { now }) => Math.floor(now.getTime() / 1000) + lifetimeSeconds,
  validate(object) {
    const { metadata, involvedObject, eventTime } = object;
    const errors: FieldError[] = [];
    const wanted = involvedObject?.namespace || 'default';
    if (metadata?.namespace !== wanted)
      errors.push(
        invalidValue('involvedObject.namespace', involvedObject?.namespace ?? '', 'does not match event.namespace'),
      );
    // Who reports through events.k8s.io says when; then the rest must be said too.
    if (eventTime) errors.push(...validateReport(object));
    return errors;
  },
});

type Report = Pick<CoreV1Event, 'reportingComponent' | 'reportingInstance' | 'action' | 'reason' | 'message' | 'type'>;

function validateReport({
  reportingComponent,
  reportingInstance,
  action,
  reason,
  message,
  type,
}: Report): FieldError[] {
  const errors = requiredField(reportingComponent, qualifiedNameErrors, 'reportingController');
  for (const [path, value] of Object.entries({ reportingInstance, action, reason })) {
    if (!value) errors.push(required(path));
    else if (value.length > 128) errors.push(invalidValue(path, '', 'can have at most 128 characters'));
  }
  if ((message?.length ?? 0) > 1024) errors.push(invalidValue('message', '', 'can have at most 1024 characters'));
  if (type !== undefined && type !== 'Normal' && type !== 'Warning')
    errors.push(invalidValue('type', '', `has invalid value: ${type}`));
  return errors;
}
