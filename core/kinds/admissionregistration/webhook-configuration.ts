// MutatingWebhookConfigurations and ValidatingWebhookConfigurations.

import type {
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1ValidatingWebhook,
} from '../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { dns1035Label, dns1123Subdomain } from '../../machinery/names.ts';
import { seenBefore } from '../../machinery/seen-before.ts';
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
    errors.push(...validateName(hook.name ?? '', `${at}.name`));
    errors.push(...validateRules(hook.rules ?? [], `${at}.rules`));
    const { sideEffects, timeoutSeconds } = hook;
    if (sideEffects === undefined) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!effects.includes(sideEffects)) errors.push(notSupported(`${at}.sideEffects`, sideEffects, effects));
    if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30))
      errors.push(
        invalidValue(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
      );
    errors.push(...validateSelectors(hook, at));
    errors.push(...validateClientConfig(hook.clientConfig ?? {}, `${at}.clientConfig`));
    errors.push(...validateConditions(hook.matchConditions, `${at}.matchConditions`, { place: 'webhook' }));
    errors.push(...validateVersions(hook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`));
    if (hook.name && names.has(hook.name)) errors.push(duplicate(`${at}.name`, hook.name));
    names.add(hook.name);
  }
  return errors;
}

const effects = ['None', 'NoneOnDryRun'];

function validateName(name: string, path: string): FieldError[] {
  if (!name) return [required(path)];
  const wrong = dns1123Subdomain(name);
  if (wrong.length > 0) return [invalidValue(path, name, wrong.join(','))];
  return name.split('.').length < 3
    ? [invalidValue(path, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

const spoken = ['v1', 'v1beta1'];

function validateVersions(versions: readonly string[], path: string): FieldError[] {
  if (versions.length === 0) return [required(path, `must specify one of ${spoken.join(', ')}`)];
  const again = seenBefore();
  const errors = versions.flatMap((version, index) => {
    const at = `${path}[${index}]`;
    if (again(version)) return [invalidValue(at, version, 'duplicate version')];
    return dns1035Label(version).map((message) => invalidValue(at, version, message));
  });
  if (!versions.some((version) => spoken.includes(version)))
    errors.push(invalidValue(path, versions, `must include at least one of ${spoken.join(', ')}`));
  return errors;
}
