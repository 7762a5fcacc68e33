// What `kubectl get` shows of MutatingAdmissionPolicyBindings.

import type { Column } from '../../../api/definition.ts';
import { policyBindingColumns } from '../admission-columns.ts';

export const columns: readonly Column[] = policyBindingColumns;
