// How objects of one version become those of another.

import type { V1CustomResourceDefinitionSpec } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateClientConfig } from '../../rules/client-config.ts';

/** Of ConversionReviews. */
const spokenReviews = ['v1', 'v1beta1'];

export function validateConversion({ conversion }: V1CustomResourceDefinitionSpec): FieldError[] {
  const strategies = ['None', 'Webhook'];
  const at = 'spec.conversion';
  if (!conversion) return [];
  const { strategy: chosen, webhook } = conversion;
  if (!strategies.includes(chosen)) return [notSupported(`${at}.strategy`, chosen, strategies)];
  // The names of the fields are told as Kubernetes tells them.
  const [config, reviews] = [`${at}.webhookClientConfig`, `${at}.conversionReviewVersions`];
  const versions = webhook?.conversionReviewVersions ?? [];
  if (chosen === 'None') {
    const none = 'should not be set when strategy is not set to Webhook';
    return [
      ...(webhook?.clientConfig ? [forbiddenField(config, none)] : []),
      ...(versions.length > 0 ? [forbiddenField(reviews, none)] : []),
    ];
  }
  const errors = webhook?.clientConfig
    ? validateClientConfig(webhook.clientConfig, config)
    : [required(config, 'required when strategy is set to Webhook')];
  if (versions.length === 0) errors.push(required(reviews));
  else if (!versions.some((version) => spokenReviews.includes(version)))
    errors.push(invalidValue(reviews, versions, `must include at least one of ${spokenReviews.join(', ')}`));
  return errors;
}
