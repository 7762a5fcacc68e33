// ValidatingWebhookConfigurations.

import { webhookConfiguration } from '../webhook-configuration.ts';

export const strategy = webhookConfiguration;
