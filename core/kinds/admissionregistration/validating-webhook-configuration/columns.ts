// What `kubectl get` shows of ValidatingWebhookConfigurations.

import type { Column } from '../../../api/definition.ts';
import { webhookColumns } from '../admission-columns.ts';

export const columns: readonly Column[] = webhookColumns;
