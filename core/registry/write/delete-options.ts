// Which delete options are legal. Source: apimachinery's ValidateDeleteOptions.

import type { DeleteOptions } from '../../kinds/delete-options.ts';
import { type FieldError, invalid, invalidValue, notSupported } from '../../machinery/field-error.ts';
import { checkUnreadableOptions } from './delete-unreadable.ts';

const policies = ['Background', 'Foreground', 'Orphan'] as const;

export function checkDeleteOptions(options: DeleteOptions): void {
  const errors: FieldError[] = [];
  const { propagationPolicy, orphanDependents } = options;
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(
      invalidValue(
        'propagationPolicy',
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push(notSupported('propagationPolicy', propagationPolicy, [...policies, 'nil']));
  }
  errors.push(...checkUnreadableOptions(options));
  if (errors.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', errors);
}
