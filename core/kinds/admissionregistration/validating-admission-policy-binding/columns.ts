// What `kubectl get` shows of ValidatingAdmissionPolicyBindings.

import type { Column } from '../../../api/definition.ts';
import { policyBindingColumns } from '../admission-columns.ts';

export const columns: readonly Column[] = policyBindingColumns;
