import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'networking.k8s.io/ingresses';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const service = { service: { name: 's', port: { number: 80 } } };
const paths = (...list: object[]) => ({ spec: { rules: [{ http: { paths: list } }] } });
const backend = (of: object) => ({ spec: { defaultBackend: of } });
const at = 'spec.rules[0].http.paths[0]';

describe('an Ingress is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no rule', {}, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [
      'a path without a type, of which no more is said',
      paths({ path: 'x' }),
      [`${at}.pathType: Required value: pathType must be specified`],
    ],
    [
      'a type that there is not',
      paths({ path: 'x', pathType: 'Suffix', backend: service }),
      [`${at}.pathType: Unsupported value: "Suffix": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    [
      'paths that lead elsewhere',
      paths({ path: '/a//b/./c/../d%2f%2F/..', pathType: 'Exact', backend: service }),
      [
        ...['//', '/./', '/../', '%2f', '%2F'].map((each) => [`must not contain '${each}'`]),
        `cannot end with '/..'`,
      ].map((why) => `${at}.path: Invalid value: "/a//b/./c/../d%2f%2F/..": ${why}`),
    ],
    [
      'a relative path',
      paths({ path: 'a', pathType: 'ImplementationSpecific', backend: service }),
      [`${at}.path: Invalid value: "a": must be an absolute path`],
    ],
    ['no backend', backend({}), ['spec.defaultBackend: Invalid value: "": resource or service backend is required']],
    [
      'two backends',
      backend({ ...service, resource: { kind: 'K', name: 'n' } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
    ],
    [
      'a resource without a name',
      backend({ resource: { apiGroup: '-', kind: 'a/b' } }),
      [
        expect.stringContaining(
          'spec.defaultBackend.resource.apiGroup: Invalid value: "-": a lowercase RFC 1123 subdomain',
        ),
        `spec.defaultBackend.resource.kind: Invalid value: "a/b": may not contain '/'`,
        'spec.defaultBackend.resource.name: Required value',
      ],
    ],
    [
      'a port by name and number',
      backend({ service: { name: 'A', port: { name: 'http', number: 80 } } }),
      [
        expect.stringContaining('spec.defaultBackend.service.name: Invalid value: "A": a lowercase RFC 1123 label'),
        'spec.defaultBackend: Invalid value: "": cannot set both port name & port number',
      ],
    ],
    [
      'hosts that are none',
      {
        spec: {
          rules: [{ host: '1.2.3.4' }, { host: '*' }, { host: 'a_b' }],
          tls: [{ hosts: ['', '*a'], secretName: 'A' }],
          ingressClassName: '',
        },
      },
      [
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        expect.stringContaining(
          'spec.rules[1].host: Invalid value: "*": a wildcard DNS-1123 subdomain must start with',
        ),
        expect.stringContaining('spec.rules[2].host: Invalid value: "a_b": a lowercase RFC 1123 subdomain'),
        expect.stringContaining('spec.tls[0].hosts[0]: Invalid value: "": a lowercase RFC 1123 subdomain'),
        expect.stringContaining('spec.tls[0].hosts[1]: Invalid value: "*a": a wildcard DNS-1123 subdomain'),
        expect.stringContaining('spec.tls[0].secretName: Invalid value: "A": a lowercase RFC 1123 subdomain'),
        expect.stringContaining('spec.ingressClassName: Invalid value: "": a lowercase RFC 1123 subdomain'),
      ],
    ],
    [
      'another class in the annotation',
      {
        metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } },
        spec: { ingressClassName: 'y', defaultBackend: service },
      },
      [
        'annotations.kubernetes.io/ingress.class: Invalid value: "x": must match `ingressClassName` when both are specified',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for a status that leads nowhere', async () => {
    const change = { status: { loadBalancer: { ingress: [{ ip: '1.2.3.04', hostname: '1.2.3.4' }, { ip: 'x' }] } } };
    expect(await kinds.changed(type, backend(service), change, 'status')).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3.04": must not have leading 0s',
      'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
      'status.loadBalancer.ingress[1].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });
});

describe('an Ingress is taken', () => {
  it.each([
    [
      'with the same class twice',
      {
        metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } },
        spec: { ingressClassName: 'x', defaultBackend: service },
      },
    ],
    ['to a Service whose name begins with a digit', backend({ service: { name: '1st', port: { name: 'http' } } })],
    ['without a path of its own', paths({ pathType: 'ImplementationSpecific', backend: service })],
  ])('%s', async (_, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });
});
