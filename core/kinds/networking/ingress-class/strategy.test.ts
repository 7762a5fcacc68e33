import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'networking.k8s.io/ingressclasses';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const parameters = (more: object) => ({
  spec: { controller: 'a.io/c', parameters: { kind: 'K', name: 'n', ...more } },
});
const at = 'spec.parameters';

describe('an IngressClass is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no controller', {}, ['spec.controller: Required value']],
    [
      'a controller without a path',
      { spec: { controller: 'a.io/' } },
      ['spec.controller: Invalid value: "a.io/": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      'a controller of no domain',
      { spec: { controller: 'A/b c' } },
      [
        expect.stringContaining('spec.controller: Invalid value: "A": a lowercase RFC 1123 subdomain'),
        `spec.controller: Invalid value: "b c": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
      ],
    ],
    [
      'a long controller',
      { spec: { controller: `a.io/${'x'.repeat(250)}` } },
      ['spec.controller: Too long: may not be more than 250 bytes'],
    ],
    [
      'parameters of a namespace',
      parameters({ namespace: 'x' }),
      [`${at}.namespace: Forbidden: \`parameters.scope\` is set to 'Cluster'`],
    ],
    [
      'parameters without a namespace',
      parameters({ scope: 'Namespace' }),
      [`${at}.namespace: Required value: \`parameters.scope\` is set to 'Namespace'`],
    ],
    [
      'parameters of a namespace that is none',
      parameters({ scope: 'Namespace', namespace: '' }),
      [expect.stringContaining(`${at}.namespace: Invalid value: "": a lowercase RFC 1123 label`)],
    ],
    [
      'parameters of no scope',
      parameters({ scope: 'Galaxy', kind: '', name: '%' }),
      [
        `${at}.kind: Required value`,
        `${at}.name: Invalid value: "%": may not contain '%'`,
        `${at}.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespace"`,
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for another controller', async () => {
    const change = { spec: { controller: 'b.io/c' } };
    expect(await kinds.changed(type, { spec: { controller: 'a.io/c' } }, change)).toEqual([
      'spec.controller: Invalid value: "b.io/c": field is immutable',
    ]);
  });
});
