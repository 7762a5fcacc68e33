// CSIDrivers.

import type { StorageV1TokenRequest, V1CSIDriver } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

const lifecycleModes = ['Persistent', 'Ephemeral'];

const tokenSeconds = { least: 600, most: 2 ** 32 } as const;

export const strategy = strategyFor<V1CSIDriver>({
  generation: true,
  validate({ spec = {} }) {
    const { tokenRequests = [], volumeLifecycleModes = [], serviceAccountTokenInSecrets: inSecrets } = spec;
    const errors = validateTokens(tokenRequests, 'spec.tokenRequests');
    for (const each of volumeLifecycleModes)
      if (!lifecycleModes.includes(each)) errors.push(notSupported('spec.volumeLifecycleModes', each, lifecycleModes));
    const period = spec.nodeAllocatableUpdatePeriodSeconds;
    if (period !== undefined && period < 10)
      errors.push(
        invalidValue('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'),
      );
    if (inSecrets !== undefined && tokenRequests.length === 0)
      errors.push(
        invalidValue(
          'spec.serviceAccountTokenInSecrets',
          inSecrets,
          'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
        ),
      );
    return errors;
  },
  validateUpdate: (object, old) => [
    ...immutable(object.spec?.attachRequired, old.spec?.attachRequired, 'spec.attachedRequired'),
    ...immutable(object.spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
  ],
});

function validateTokens(tokens: readonly StorageV1TokenRequest[], path: string): FieldError[] {
  const audiences = new Set<string>();
  return tokens.flatMap(({ audience = '', expirationSeconds: seconds }, index) => {
    const at = `${path}[${index}]`;
    if (audiences.has(audience)) return [duplicate(`${at}.audience`, audience)];
    audiences.add(audience);
    const errors: FieldError[] = [];
    if (seconds !== undefined && seconds < tokenSeconds.least)
      errors.push(invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds !== undefined && seconds > tokenSeconds.most)
      errors.push(
        invalidValue(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
      );
    return errors;
  });
}
