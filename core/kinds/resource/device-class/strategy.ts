// DeviceClasses.

import type { V1DeviceClass } from '../../../../generated/kubernetes.ts';
import { invalidValue } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { isExtended } from '../../core/pod/validate-resources.ts';
import { strategyFor } from '../../strategy.ts';
import { compileSelectorsAhead, validateOpaque, validateSelectors } from '../device-rules.ts';
import { limits } from '../limits.ts';
import { validateList } from '../lists.ts';

export const strategy = strategyFor<V1DeviceClass>({
  expressions: true,
  generation: true,
  ahead: ({ spec }) => compileSelectorsAhead(spec?.selectors),
  validate({ spec }, old) {
    const name = spec?.extendedResourceName;
    // What an update leaves as it is may have been taken under other rules.
    const sameSelectors = old !== undefined && semanticEqual(spec?.selectors, old.spec?.selectors);
    const sameConfig = old !== undefined && semanticEqual(spec?.config, old.spec?.config);
    const errors = [
      ...validateSelectors(spec?.selectors, 'spec.selectors', sameSelectors),
      ...validateList(spec?.config, limits.configs, 'spec.config', ({ opaque }, at) =>
        validateOpaque(opaque, at, sameConfig),
      ),
    ];
    if (name !== undefined && !isExtended(name))
      errors.push(invalidValue('spec.extendedResourceName', name, 'must be a valid extended resource name'));
    return errors;
  },
});
