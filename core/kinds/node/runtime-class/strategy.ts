// RuntimeClasses.

import type { V1RuntimeClass, V1Toleration } from '../../../../generated/kubernetes.ts';
import { duplicate, invalidValue } from '../../../machinery/field-error.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { validateContainerResources } from '../../core/pod/validate-resources.ts';
import { validateTolerations } from '../../core/pod/validate-scheduling.ts';
import { immutable } from '../../metadata/validate.ts';
import { warnOfNodeLabels } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1RuntimeClass>({
  conditionalUpdate: true,
  validate({ handler, overhead, scheduling }) {
    const errors = dns1123Label(handler ?? '').map((message) => invalidValue('handler', handler ?? '', message));
    // Told of as limits, as Kubernetes does, which takes them for such.
    errors.push(...validateContainerResources({ limits: overhead?.podFixed ?? {} }, new Set(), 'overhead'));
    errors.push(...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'));
    const tolerations = scheduling?.tolerations ?? [];
    errors.push(...validateTolerations(tolerations, 'scheduling.tolerations'));
    const again = seenBefore();
    tolerations.forEach((each, index) => {
      if (again(withoutSeconds(each))) errors.push(duplicate(`scheduling.tolerations[${index}]`, each));
    });
    return errors;
  },
  warnings: ({ scheduling }) => warnOfNodeLabels(scheduling?.nodeSelector, () => 'scheduling.nodeSelector'),
  validateUpdate: (object, old) => immutable(object.handler, old.handler, 'handler'),
});

/** What is empty is not there. */
function withoutSeconds({ key = '', operator = '', value = '', effect = '' }: V1Toleration): string {
  return JSON.stringify([key, operator, value, effect]);
}
