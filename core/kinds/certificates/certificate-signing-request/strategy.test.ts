import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateRequest } from '../../../certificates/testing.ts';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';
import { validateSignerName } from './signer-name.ts';

const type = 'certificates.k8s.io/certificatesigningrequests';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const asked = async (more: object = {}) => {
  const { request } = await certificateRequest('jane');
  return {
    spec: { request: base64(request), signerName: 'example.com/a', usages: ['client auth'], ...more },
  };
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const key = base64('-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n');
const condition = (of: string, status = 'True') => ({ type: of, status, reason: 'r' });

describe('the name of a signer', () => {
  it.each<[string, readonly unknown[]]>([
    ['example.com/a', []],
    ['example.com/ns.a', []],
    [
      'kubernetes.io/legacy-unknown',
      [expect.stringContaining('the legacy signerName is not allowed via this API version')],
    ],
    ['', ['Required value', expect.stringContaining('must be a fully qualified domain and path')]],
    ['a/b/c', [expect.stringContaining('must be a fully qualified domain and path')]],
    ['a/b', [expect.stringContaining('"a": should be a domain with at least two segments separated by dots')]],
    ['a.B/c', [expect.stringContaining('"a.B": validating label "B": a lowercase RFC 1123 label must consist of')]],
    ['a.b/', [expect.stringContaining('"": validating label "": a lowercase RFC 1123 subdomain must consist of')]],
  ])('%j', (name, expected) => {
    expect(validateSignerName(name, 'n').map(({ message }) => message)).toEqual(expected);
  });
});

describe('a CertificateSigningRequest is refused', () => {
  it('for usages and times', async () => {
    const object = await asked({ usages: ['client auth', 'client auth', 'fun'], expirationSeconds: 599 });
    expect(await kinds.created(type, object)).toEqual([
      expect.stringMatching(/^spec.usages\[2\]: Unsupported value: "fun": supported values: "any", "cert sign", /),
      'spec.usages[1]: Duplicate value: "client auth"',
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ]);
  });

  it.each<[string, object, readonly unknown[]]>([
    [
      'approval',
      { conditions: [condition('Approved'), condition('Denied'), condition('Approved', 'False'), condition('')] },
      [
        'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
        'status.conditions[2].status: Unsupported value: "False": supported values: "True"',
        'status.conditions[2].type: Invalid value: "Approved": Approved and Denied conditions are mutually exclusive',
        'status.conditions[2].type: Duplicate value: "Approved"',
        'status.conditions[3].type: Required value',
      ],
    ],
    [
      'status',
      { conditions: [condition('Approved')], certificate: base64('no') },
      [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
        'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
      ],
    ],
    [
      'status',
      { certificate: key },
      [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
      ],
    ],
  ])('in its %s for %j', async (subresource, status, expected) => {
    expect(await kinds.changed(type, await asked(), { status }, subresource)).toEqual(expected);
  });
});
