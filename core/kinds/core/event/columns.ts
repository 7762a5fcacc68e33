// What `kubectl get` shows of Events.

import type { Column } from '../../../api/definition.ts';
import { eventColumns } from '../../events/event-columns.ts';

export const columns: readonly Column[] = eventColumns();
