// How objects of one version become those of another.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionSpec } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1035Label } from '../../../machinery/names.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { validateClientConfig } from '../../rules/client-config.ts';
import { isEstablished } from './custom-names.ts';

/** Of ConversionReviews. */
const spokenReviews = ['v1', 'v1beta1'];

export function validateConversion(
  { conversion }: V1CustomResourceDefinitionSpec,
  old: V1CustomResourceDefinition | undefined,
): FieldError[] {
  const strategies = ['None', 'Webhook'];
  const at = 'spec.conversion';
  if (!conversion) return [];
  const { strategy: chosen, webhook } = conversion;
  const errors: FieldError[] = [];
  if (!chosen) errors.push(required(`${at}.strategy`));
  else if (!strategies.includes(chosen)) errors.push(notSupported(`${at}.strategy`, chosen, strategies));
  // The names of the fields are told as Kubernetes tells them.
  const [config, reviews] = [`${at}.webhookClientConfig`, `${at}.conversionReviewVersions`];
  const versions = webhook?.conversionReviewVersions ?? [];
  if (chosen !== 'Webhook') {
    const none = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig) errors.push(forbiddenField(config, none));
    if (versions.length > 0) errors.push(forbiddenField(reviews, none));
    return errors;
  }
  if (webhook?.clientConfig) errors.push(...validateClientConfig(webhook.clientConfig, config));
  else errors.push(required(config, 'required when strategy is set to Webhook'));
  if (webhook?.clientConfig?.caBundle && old && mustBeReadable(old))
    errors.push(...validateBundle(webhook.clientConfig.caBundle, `${config}.caBundle`));
  const before = old?.spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const recognized = before.length === 0 || before.some((version) => spokenReviews.includes(version));
  return [...errors, ...validateReviews(versions, recognized, reviews)];
}

/** Certificates that nobody could read before may stay so, and all may until the definition is served. */
function mustBeReadable(old: V1CustomResourceDefinition): boolean {
  const bundle = old.spec.conversion?.webhook?.clientConfig?.caBundle;
  return isEstablished(old) && (!bundle || validateBundle(bundle, '').length === 0);
}

function validateBundle(bundle: string, path: string): FieldError[] {
  const readable = Buffer.from(bundle, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE-----');
  const why = 'unable to load root certificates: unable to parse bytes as PEM block';
  return readable ? [] : [invalidValue(path, bundle, why)];
}

function validateReviews(versions: readonly string[], recognized: boolean, path: string): FieldError[] {
  if (versions.length === 0) return [required(path)];
  const again = seenBefore();
  const errors = versions.flatMap((version, index) => {
    const at = `${path}[${index}]`;
    if (again(version)) return [invalidValue(at, version, 'duplicate version')];
    return dns1035Label(version).map((message) => invalidValue(at, version, message));
  });
  if (recognized && !versions.some((version) => spokenReviews.includes(version)))
    errors.push(invalidValue(path, versions, `must include at least one of ${spokenReviews.join(', ')}`));
  return errors;
}
