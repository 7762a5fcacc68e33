// What `kubectl get` shows of ServiceAccounts.

import { ageColumn, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [nameColumn, ageColumn];
