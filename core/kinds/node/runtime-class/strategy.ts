// RuntimeClasses.

import type { V1RuntimeClass } from '../../../../generated/kubernetes.ts';
import { invalidValue } from '../../../machinery/field-error.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { validateAmount } from '../../core/pod/validate-resources.ts';
import { validateTolerations } from '../../core/pod/validate-scheduling.ts';
import { immutable } from '../../metadata/validate.ts';
import { warnOfNodeLabels } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1RuntimeClass>({
  conditionalUpdate: true,
  validate({ handler, overhead, scheduling }) {
    const errors = dns1123Label(handler ?? '').map((message) => invalidValue('handler', handler ?? '', message));
    for (const [name, value] of Object.entries(overhead?.podFixed ?? {}))
      errors.push(...validateAmount(value, `overhead.podFixed[${name}]`));
    errors.push(...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'));
    errors.push(...validateTolerations(scheduling?.tolerations ?? [], 'scheduling.tolerations'));
    return errors;
  },
  warnings: ({ scheduling }) => warnOfNodeLabels(scheduling?.nodeSelector, () => 'scheduling.nodeSelector'),
  validateUpdate: (object, old) => immutable(object.handler, old.handler, 'handler'),
});
