// Events: short-lived, one hour.

import type { CoreV1Event } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { strategy } from '../strategy.ts';

const lifetimeSeconds = 3600;

export const event = strategy<CoreV1Event>({
  createOnUpdate: true,
  keepStatus: true,
  expiresAt: (_object, { now }) => Math.floor(now.getTime() / 1000) + lifetimeSeconds,
  validate({ metadata, involvedObject }) {
    const errors: FieldError[] = [];
    const wanted = involvedObject?.namespace || 'default';
    if (metadata?.namespace !== wanted)
      errors.push(
        invalidValue('involvedObject.namespace', involvedObject?.namespace ?? '', 'does not match event.namespace'),
      );
    return errors;
  },
});
