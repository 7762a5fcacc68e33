// What a webhook's clientConfig must say, for admission and for conversion alike.

import type { ApiextensionsV1WebhookClientConfig } from '../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../machinery/field-error.ts';

export function validateClientConfig(config: ApiextensionsV1WebhookClientConfig, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { url, service } = config;
  if (!url === !service) return [required(path, 'exactly one of url or service is required')];
  if (url) {
    if (!URL.canParse(url)) return [invalidValue(`${path}.url`, url, 'url must be a valid URL')];
    const { protocol, username, password, hash, search } = new URL(url);
    if (protocol !== 'https:')
      errors.push(
        invalidValue(
          `${path}.url`,
          protocol.replace(/:$/, ''),
          "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        ),
      );
    if (username || password)
      errors.push(invalidValue(`${path}.url`, url, 'user information is not permitted in the URL'));
    if (hash) errors.push(invalidValue(`${path}.url`, hash, 'fragments are not permitted in the URL'));
    if (search) errors.push(invalidValue(`${path}.url`, search, 'query parameters are not permitted in the URL'));
  }
  if (service) {
    if (!service.name) errors.push(required(`${path}.service.name`, 'service name is required'));
    if (!service.namespace) errors.push(required(`${path}.service.namespace`, 'service namespace is required'));
    const { port, path: at } = service;
    if (port !== undefined && (port < 1 || port > 65535))
      errors.push(
        invalidValue(`${path}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
      );
    if (at && !at.startsWith('/')) errors.push(invalidValue(`${path}.service.path`, at, "must start with a '/'"));
  }
  if (
    config.caBundle &&
    !Buffer.from(config.caBundle, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE-----')
  )
    errors.push(forbiddenField(`${path}.caBundle`, 'must hold PEM encoded certificates'));
  return errors;
}
