// What runs where somebody configured a webhook or a policy: one module, so that it is loaded at once.

export { mutateByPolicies } from './mutating-policies.ts';
export { validateByPolicies } from './validating-policies.ts';
export { mutateByWebhooks, validateByWebhooks } from './webhooks.ts';
