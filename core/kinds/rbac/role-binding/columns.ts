// What `kubectl get` shows of RoleBindings.

import type { Column } from '../../../api/definition.ts';
import { bindingColumns } from '../binding-columns.ts';

export const columns: readonly Column[] = bindingColumns;
