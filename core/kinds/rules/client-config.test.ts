import { expect, it } from 'vitest';
import type { ApiextensionsV1WebhookClientConfig } from '../../../generated/kubernetes.ts';
import { validateClientConfig } from './client-config.ts';

const form = '; desired format: https://host[/path]';
const service = { namespace: 'n', name: 's' };

it.each<[ApiextensionsV1WebhookClientConfig, readonly string[]]>([
  // A place for what an injector fills in.
  [{ service, caBundle: 'Cg==' }, []],
  [{ service: { ...service, path: '/a/b.c/' } }, []],
  [{ url: 'https://a.example.com:8443/x' }, []],
  [{}, ['c: Required value: exactly one of url or service is required']],
  [{ url: 'https://a', service }, ['c: Required value: exactly one of url or service is required']],
  [
    { url: 'http://u@a/x?y#z' },
    [
      `c.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`,
      'c.url: Invalid value: "u": user information is not permitted in the URL',
      'c.url: Invalid value: "z": fragments are not permitted in the URL',
      'c.url: Invalid value: "y": query parameters are not permitted in the URL',
    ],
  ],
  [
    { url: 'a' },
    [
      `c.url: Invalid value: "": 'https' is the only allowed URL scheme${form}`,
      `c.url: Invalid value: "": host must be provided${form}`,
    ],
  ],
  [{ url: ':' }, [`c.url: Required value: url must be a valid URL: parse ":": missing protocol scheme${form}`]],
  [
    { service: { namespace: '', name: '', port: 0, path: 'a' } },
    [
      'c.service.name: Required value: service name is required',
      'c.service.namespace: Required value: service namespace is required',
      'c.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      'c.service.path: Invalid value: "a": must start with a \'/\'',
      'c.service.path: Invalid value: "a": segment[0] may not be empty',
    ],
  ],
  [{ service: { ...service, path: '/a//b' } }, ['c.service.path: Invalid value: "/a//b": segment[1] may not be empty']],
  [{ service: { ...service, path: '//' } }, ['c.service.path: Invalid value: "//": segment[0] may not be empty']],
])('a client configuration %j', (config, expected) => {
  const errors = validateClientConfig(config, 'c');
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});
