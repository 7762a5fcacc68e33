// What `kubectl get` shows of ResourceClaimTemplates.

import type { Column } from '../../../api/definition.ts';
import { ageColumn, nameColumn } from '../../column.ts';

export const columns: readonly Column[] = [nameColumn, ageColumn];
