import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { createTestAuthority } from './testing/certificates.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi();
});
afterEach(() => t.close());

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function ask(name: string, spec: object = {}, organizations: readonly string[] = [], as?: { name: string }) {
  const { request } = await certificateRequest('jane', organizations);
  const signerName = 'kubernetes.io/kube-apiserver-client';
  const whole = { request: base64(request), signerName, usages: ['client auth'], ...spec };
  return t.post(path, { metadata: { name }, spec: whole }, as && { as });
}

async function decide(name: string, type: string, as?: { name: string }, more: object = {}) {
  const body = (await t.get(`${path}/${name}`)).body;
  const conditions = [...(body.status.conditions ?? []), { type, status: 'True', reason: 'R', message: 'm', ...more }];
  return t.put(`${path}/${name}/approval`, { ...body, status: { ...body.status, conditions } }, as && { as });
}

async function grant(user: string, ...rules: object[]) {
  await t.post(`${rbac}/clusterroles`, { metadata: { name: user }, rules });
  await t.post(`${rbac}/clusterrolebindings`, {
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  });
}

const fields = (answer: { body: ReturnType<typeof JSON.parse> }) =>
  answer.body.details?.causes?.map((each: { field: string }) => each.field);

describe('a CertificateSigningRequest', () => {
  it('records who asks, whatever it says itself', async () => {
    await grant('eve', {
      verbs: ['create'],
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests'],
    });
    const made = await ask('a', { username: 'somebody-else', groups: ['system:masters'] }, [], { name: 'eve' });
    expect(made).toMatchObject({ status: 201, body: { spec: { username: 'eve', groups: ['system:authenticated'] } } });
  });

  it('must hold a request that its own key signed, usages that exist, and a signer', async () => {
    expect(fields(await ask('a', { request: base64('no') }))).toEqual(['spec.request']);
    const { request } = await certificateRequest('jane');
    const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.indexOf('jane')] = 'k'.charCodeAt(0);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const refused = await ask('a', { request: base64(forged) });
    expect(fields(refused)).toEqual(['spec.request']);
    expect(refused.body.message).toContain('does not match its public key');
    expect(fields(await ask('a', { usages: ['client auth', 'flying', 'client auth'] }))).toEqual([
      'spec.usages[1]',
      'spec.usages[2]',
    ]);
    expect(fields(await ask('a', { signerName: 'signer' }))).toEqual(['spec.signerName']);
    expect(fields(await ask('a', { signerName: 'kubernetes.io/legacy-unknown' }))).toEqual(['spec.signerName']);
    expect(fields(await ask('a', { expirationSeconds: 599 }))).toEqual(['spec.expirationSeconds']);
    expect((await ask('a', { signerName: 'example.com/own', usages: ['code signing'] })).status).toBe(201);
  });

  it('takes RSA keys and other curves too', async () => {
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: Buffer.from([1, 0, 1]),
    };
    const p384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
    for (const [name, algorithm] of Object.entries({ rsa, p384 })) {
      const { request } = await certificateRequest('jane', ['dev'], [{ type: 'dns', value: 'a' }], algorithm);
      expect(await ask(name, { request: base64(request) })).toMatchObject({ status: 201 });
    }
  });

  it('may not ask the client signer for system:masters', async () => {
    const refused = await ask('a', {}, ['system:masters']);
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.body.message).toContain('system:masters group is not allowed');
    expect((await ask('b', { signerName: 'example.com/own' }, ['system:masters'])).status).toBe(201);
  });
});

describe('approval', () => {
  const subresource = (name: string) => ({
    verbs: ['update', 'patch'],
    apiGroups: ['certificates.k8s.io'],
    resources: [`certificatesigningrequests/${name}`],
  });
  const onSigner = (verb: string, ...resourceNames: string[]) => ({
    verbs: [verb],
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames,
  });

  it('needs `approve` on the signer, or on all of its domain', async () => {
    await ask('a');
    await ask('b');
    await grant('clerk', subresource('approval'));
    await grant('one', subresource('approval'), onSigner('approve', 'kubernetes.io/kube-apiserver-client'));
    await grant('domain', subresource('approval'), onSigner('approve', 'kubernetes.io/*'));
    const refused = await decide('a', 'Approved', { name: 'clerk' });
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.body.message).toContain(
      'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
    );
    expect((await decide('a', 'Approved', { name: 'one' })).status).toBe(200);
    expect((await decide('b', 'Denied', { name: 'domain' })).status).toBe(200);
  });

  it('says once and for all whether, and changes nothing else', async () => {
    await ask('a');
    const approved = await decide('a', 'Approved');
    expect(approved.body.status.conditions).toMatchObject([
      { type: 'Approved', lastUpdateTime: expect.any(String), lastTransitionTime: expect.any(String) },
    ]);
    expect(fields(await decide('a', 'Denied'))).toEqual(['status.conditions[1].type']);
    const body = (await t.get(`${path}/a`)).body;
    const without = await t.put(`${path}/a/approval`, { ...body, status: {} });
    expect(fields(without)).toEqual(['status.conditions']);
    const signed = await t.put(`${path}/a/approval`, { ...body, status: { ...body.status, certificate: base64('x') } });
    expect(signed.body.status.certificate).toBeUndefined();
  });

  it('is no business of signers, whose `sign` is needed for what they say', async () => {
    await ask('a');
    await grant('clerk', subresource('status'));
    await grant('signer', subresource('status'), onSigner('sign', 'kubernetes.io/kube-apiserver-client'));
    const status = (value: object, name: string) =>
      t.patch(`${path}/a/status`, 'application/merge-patch+json', { status: value }, { as: { name } });
    const approve = { conditions: [{ type: 'Approved', status: 'True', reason: 'R', message: 'm' }] };
    expect(fields(await status(approve, 'signer'))).toEqual(['status.conditions']);
    const authority = await createTestAuthority();
    const certificate = base64(authority.cert);
    expect((await status({ certificate }, 'clerk')).status).toBe(403);
    expect(fields(await status({ certificate: base64('no PEM') }, 'signer'))).toEqual(['status.certificate']);
    expect((await status({ certificate }, 'signer')).status).toBe(200);
    const other = base64((await createTestAuthority()).cert);
    expect(fields(await status({ certificate: other }, 'signer'))).toEqual(['status.certificate']);
  });
});
