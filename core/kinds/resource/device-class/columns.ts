// What `kubectl get` shows of DeviceClasses.

import { ageColumn, nameColumn } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [nameColumn, ageColumn];
