// MutatingWebhookConfigurations and ValidatingWebhookConfigurations.

import type {
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1ValidatingWebhook,
} from '../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import { validateClientConfig } from '../rules/client-config.ts';
import { strategyFor } from '../strategy.ts';
import { defaultRules, validateConditions, validateRules, validateSelectors } from './admission-rules.ts';

/** Of both types: a validating webhook has the fields of a mutating one but `reinvocationPolicy`. */
export const webhookConfiguration = strategyFor<V1MutatingWebhookConfiguration>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ webhooks }) => defaultRules(webhooks?.flatMap(({ rules }) => rules ?? [])),
  validate: ({ webhooks }) => validateHooks(webhooks ?? []),
});

function validateHooks(hooks: readonly (V1ValidatingWebhook | V1MutatingWebhook)[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, hook] of hooks.entries()) {
    const at = `webhooks[${index}]`;
    if (!hook.name) errors.push(required(`${at}.name`));
    else {
      for (const message of dns1123Subdomain(hook.name)) errors.push(invalidValue(`${at}.name`, hook.name, message));
      if (hook.name.split('.').length < 3)
        errors.push(
          invalidValue(`${at}.name`, hook.name, 'should be a domain with at least three segments separated by dots'),
        );
      if (names.has(hook.name)) errors.push(duplicate(`${at}.name`, hook.name));
    }
    names.add(hook.name);
    const effects = ['None', 'NoneOnDryRun'];
    if (!hook.sideEffects) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!effects.includes(hook.sideEffects))
      errors.push(notSupported(`${at}.sideEffects`, hook.sideEffects, effects));
    const versions = hook.admissionReviewVersions ?? [];
    if (versions.length === 0)
      errors.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
    else if (!versions.some((version) => version === 'v1' || version === 'v1beta1'))
      errors.push(invalidValue(`${at}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'));
    const { timeoutSeconds } = hook;
    if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30))
      errors.push(
        invalidValue(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
      );
    errors.push(...validateClientConfig(hook.clientConfig ?? {}, `${at}.clientConfig`));
    errors.push(...validateSelectors(hook, at), ...validateRules(hook.rules ?? [], `${at}.rules`));
    errors.push(...validateConditions(hook.matchConditions, `${at}.matchConditions`, 'webhook'));
  }
  return errors;
}
