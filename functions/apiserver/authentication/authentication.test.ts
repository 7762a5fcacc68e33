import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminToken, openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi({ now: () => t.time.now });
  await t.namespace('default');
  await t.namespace('kube-system');
});

afterEach(async () => {
  await t.close();
});

const whoAmI = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };

async function identity(as: NonNullable<Parameters<TestApi['post']>[2]>['as'], headers?: Record<string, string>) {
  const answer = await t.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', whoAmI, {
    ...(as !== undefined && { as }),
    ...(headers && { headers }),
  });
  return answer.status === 201 ? answer.body.status.userInfo : answer.status;
}

/** Lets everybody who is authenticated ask who they are, as Kubernetes' default roles do. */
async function allowReviews() {
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'basic' },
    rules: [{ verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] }],
  });
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'basic' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'basic' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
  });
}

describe('authentication', () => {
  it('knows certificates, static tokens and nobody', async () => {
    await allowReviews();
    expect(await identity({ name: 'eve', groups: ['dev'] })).toEqual({
      username: 'eve',
      groups: ['dev', 'system:authenticated'],
    });
    expect(await identity(undefined)).toMatchObject({ username: 'admin' });
    expect(await identity({ token: 'wrong' })).toBe(401);
    expect(await identity(null)).toBe(403);
    const forbidden = await t.get('/api/v1/pods', { as: null });
    expect(forbidden.body.message).toBe(
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    );
  });

  it('refuses a certificate that it did not sign', async () => {
    const request = {
      ...t.request('GET', '/version', { as: null }),
      peer: { notBefore: 0, notAfter: Number.POSITIVE_INFINITY },
    };
    expect(await t.api.handle(request)).toMatchObject({ status: 401 });
  });

  it('takes bootstrap tokens until they expire', async () => {
    await allowReviews();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    await t.post('/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      data: {
        'token-id': base64('abcdef'),
        'token-secret': base64('0123456789abcdef'),
        'usage-bootstrap-authentication': base64('true'),
        'auth-extra-groups': base64('system:bootstrappers:workers'),
        expiration: base64('2026-01-02T04:00:00Z'),
      },
    });
    const token = 'abcdef.0123456789abcdef';
    expect(await identity({ token })).toMatchObject({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'],
    });
    expect(await identity({ token: 'abcdef.0123456789abcdeX' })).toBe(401);
    t.time.now = new Date('2026-01-02T04:00:01Z');
    expect(await identity({ token })).toBe(401);
  });
});

describe('service account tokens', () => {
  beforeEach(async () => {
    await allowReviews();
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
  });

  async function requestToken(spec: object = {}) {
    return t.post('/api/v1/namespaces/default/serviceaccounts/robot/token', { spec });
  }

  it('stand for their account while it lives', async () => {
    const issued = await requestToken({ expirationSeconds: 600 });
    expect(issued.status).toBe(201);
    const { token, expirationTimestamp } = issued.body.status;
    expect(expirationTimestamp).toBe('2026-01-02T03:14:05Z');
    expect(await identity({ token })).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    const review = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
    expect(review.body.status).toMatchObject({ authenticated: true, audiences: ['https://issuer.test'] });
    await t.remove('/api/v1/namespaces/default/serviceaccounts/robot');
    expect(await identity({ token })).toBe(401);
  });

  it('end with their time, and hold for their audience only', async () => {
    const { token } = (await requestToken({ expirationSeconds: 600 })).body.status;
    const other = (await requestToken({ audiences: ['vault'] })).body.status.token;
    expect(await identity({ token: other })).toBe(401);
    const review = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: other, audiences: ['vault', 'x'] },
    });
    expect(review.body.status).toMatchObject({ authenticated: true, audiences: ['vault'] });
    const refused = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: other, audiences: ['x'] },
    });
    expect(refused.body.status).toEqual({ user: {}, error: expect.stringContaining('audiences ["x"]') });
    t.time.now = new Date('2026-01-02T03:14:06Z');
    expect(await identity({ token })).toBe(401);
  });

  it('die with the pod that they are bound to', async () => {
    const pod = await t.post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }] },
    });
    expect(pod.status).toBe(201);
    const issued = await requestToken({
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: pod.body.metadata.uid },
    });
    const { token } = issued.body.status;
    expect((await identity({ token })).extra).toMatchObject({ 'authentication.kubernetes.io/pod-name': ['p'] });
    await t.remove('/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
    expect(await identity({ token })).toBe(401);
    expect(await requestToken({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } })).toMatchObject({
      status: 404,
    });
  });

  it('are refused for too short a time', async () => {
    const answer = await requestToken({ expirationSeconds: 60 });
    expect(answer).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'spec.expirationSeconds' }] } } });
  });

  it('can be verified by others from the published keys', async () => {
    const configuration = (await t.get('/.well-known/openid-configuration')).body;
    expect(configuration).toMatchObject({
      issuer: 'https://issuer.test',
      jwks_uri: 'https://issuer.test/openid/v1/jwks',
    });
    const keys = (await t.get('/openid/v1/jwks')).body;
    const { createLocalJWKSet, jwtVerify } = await import('jose');
    const { token } = (await requestToken()).body.status;
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { currentDate: t.time.now });
    expect(payload.sub).toBe('system:serviceaccount:default:robot');
  });
});

describe('a token that names no audience', () => {
  const review = (spec: object) => t.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec });

  it('is for the API server, and for nobody else', async () => {
    const audience = 'https://issuer.test';
    const asked = await review({ token: adminToken, audiences: ['vault', audience] });
    expect(asked.body.status).toMatchObject({ authenticated: true, audiences: [audience] });
    expect((await review({ token: adminToken, audiences: ['vault'] })).body.status.authenticated).toBeUndefined();
    expect((await review({ token: adminToken })).body.status).toMatchObject({
      authenticated: true,
      user: { username: 'admin' },
      audiences: [audience],
    });
  });

  it('must be there', async () => {
    expect(await review({})).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
  });
});

describe('impersonation', () => {
  it('acts as another user for those who may', async () => {
    await allowReviews();
    expect(await identity(undefined, { 'impersonate-user': 'eve', 'impersonate-group': 'dev' })).toEqual({
      username: 'eve',
      groups: ['dev', 'system:authenticated'],
    });
    expect(await identity({ name: 'mallory' }, { 'impersonate-user': 'admin' })).toBe(403);
    expect(await identity(undefined, { 'impersonate-group': 'dev' })).toBe(400);
  });
});
