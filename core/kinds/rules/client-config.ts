// What a webhook's clientConfig must say, for admission and for conversion alike. Source: apiserver's util/webhook.

import type {
  ApiextensionsV1ServiceReference,
  ApiextensionsV1WebhookClientConfig,
} from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../machinery/field-error.ts';
import { dns1123Subdomain, portNumber } from '../../machinery/names.ts';
import { readUrl } from '../../machinery/request-uri.ts';

export function validateClientConfig({ url, service }: ApiextensionsV1WebhookClientConfig, path: string): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')];
  if (url !== undefined) return validateUrl(url, `${path}.url`);
  return service ? validateService(service, `${path}.service`) : [];
}

const form = '; desired format: https://host[/path]';

function validateUrl(text: string, path: string): FieldError[] {
  const url = readUrl(text);
  if (typeof url === 'string') return [required(path, `url must be a valid URL: ${url}${form}`)];
  const errors: FieldError[] = [];
  const wrong = (value: string, why: string) => errors.push(invalidValue(path, value, why));
  if (url.scheme !== 'https') wrong(url.scheme, `'https' is the only allowed URL scheme${form}`);
  if (url.host === '') wrong('', `host must be provided${form}`);
  if (url.user !== undefined) wrong(url.user, 'user information is not permitted in the URL');
  if (url.fragment !== '') wrong(url.fragment, 'fragments are not permitted in the URL');
  if (url.query !== '') wrong(url.query, 'query parameters are not permitted in the URL');
  return errors;
}

function validateService(
  { name, namespace, port = defaultPort, path: urlPath = '' }: ApiextensionsV1ServiceReference,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  // Kubernetes takes one for the other where it tells that they are missing.
  if (!namespace) errors.push(required(`${path}.name`, 'service name is required'));
  if (!name) errors.push(required(`${path}.namespace`, 'service namespace is required'));
  const wrongPort = portNumber(port);
  if (wrongPort.length > 0)
    errors.push(invalidValue(`${path}.port`, port, `port is not valid: ${wrongPort.join(', ')}`));
  if (urlPath === '' || urlPath === '/') return errors;
  const wrong = (why: string) => errors.push(invalidValue(`${path}.path`, urlPath, why));
  if (urlPath === '//') {
    wrong('segment[0] may not be empty');
    return errors;
  }
  if (!urlPath.startsWith('/')) wrong("must start with a '/'");
  for (const [index, step] of urlPath.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (errors.length > enoughErrors) break;
    if (step === '') wrong(`segment[${index}] may not be empty`);
    for (const each of step === '' ? [] : dns1123Subdomain(step)) wrong(`segment[${index}]: ${each}`);
  }
  return errors;
}

const defaultPort = 443;
/** Each shows the whole path. */
const enoughErrors = 100;
