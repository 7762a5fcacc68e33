// What `kubectl get` shows of ResourceClaimTemplates.

import { ageColumn, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [nameColumn, ageColumn];
