// What `kubectl get` shows of DeviceClasses.

import type { Column } from '../../../api/definition.ts';
import { ageColumn, nameColumn } from '../../column.ts';

export const columns: readonly Column[] = [nameColumn, ageColumn];
