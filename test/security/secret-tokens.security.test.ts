// A token out of a Secret is good while the Secret holds it and its account is the one that it was made for: on every road that ends one of
// these it is refused at once, and no other text than the one in the Secret is taken. Over the real controller.

import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeToken, signToken } from '../../core/signature/json-web-token.ts';
import { secretTokenSigner } from '../../core/signature/secret-token.ts';
import { readSigningKey } from '../../core/signature/signing-key.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { type RunningControllers, startControllers } from '../../functions/controllers/run.ts';
import { createServiceAccountTokenController } from '../../functions/controllers/service-account-token.ts';

const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const key = readSigningKey(pem);
const issuer = 'https://issuer.test';
const secrets = '/api/v1/namespaces/team/secrets';
const accounts = '/api/v1/namespaces/team/serviceaccounts';
const merge = 'application/merge-patch+json';

let t: TestApi;
let running: RunningControllers;

beforeEach(async () => {
  t = await openTestApi({ serviceAccounts: { issuer, keys: [pem] } });
  await t.namespace('team');
  running = startControllers({
    store: t.store,
    registry: t.registry,
    definitions: t.definitions,
    replicas: t.replicas,
    identity: 'test',
    controllers: [
      createServiceAccountTokenController(
        'PEM',
        secretTokenSigner(async () => pem.toString()),
      ),
    ],
    clock: Date.now,
    timers: { setTimeout, clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout) },
    random: Math.random,
    log: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  await t.post(accounts, { metadata: { name: 'robot' } });
});

afterEach(async () => {
  await running.stop();
  await t.close();
});

const wanted = (name: string, more: object = {}) => ({
  metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'robot' }, ...more },
  type: 'kubernetes.io/service-account-token',
});

async function issued(name = 'ci', more: object = {}): Promise<string> {
  expect((await t.post(secrets, wanted(name, more))).status).toBe(201);
  await running.idle();
  const { data } = (await t.get(`${secrets}/${name}`)).body;
  return Buffer.from(data.token, 'base64').toString();
}

/** As a request and as a review: both roads answer alike. */
async function isTaken(token: string): Promise<boolean> {
  const { status } = await t.get('/api/v1/namespaces/team/pods', { as: { token } });
  const review = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
  expect(review.body.status.authenticated === true).toBe(status !== 401);
  return status !== 401;
}

describe('a token out of a Secret', () => {
  it('stands for its account, for the API server alone, and without an end', async () => {
    const token = await issued();
    expect(decodeToken(token)?.payload).toMatchObject({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:team:robot',
      'kubernetes.io/serviceaccount/secret.name': 'ci',
    });
    const review = (spec: object) =>
      t.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, ...spec } });
    expect((await review({})).body.status.user).toMatchObject({
      username: 'system:serviceaccount:team:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
    });
    expect((await review({ audiences: ['vault'] })).body.status.authenticated).toBeUndefined();
    const secret = (await t.get(`${secrets}/ci`)).body;
    expect(secret.data).toMatchObject({ namespace: btoa('team'), 'ca.crt': btoa('PEM') });
    expect(secret.metadata.annotations['kubernetes.io/service-account.uid']).toBeTruthy();
  });

  it('ends with its Secret, also with one that a finalizer keeps', async () => {
    const [gone, kept] = [await issued('gone'), await issued('kept', { finalizers: ['test.dev/stays'] })];
    expect([await isTaken(gone), await isTaken(kept)]).toEqual([true, true]);
    await t.remove(`${secrets}/gone`);
    await t.remove(`${secrets}/kept`);
    expect((await t.get(`${secrets}/kept`)).status).toBe(200);
    expect([await isTaken(gone), await isTaken(kept)]).toEqual([false, false]);
  });

  it('ends when the Secret holds another, is made anew, or is marked as invalid', async () => {
    const token = await issued();
    await t.patch(`${secrets}/ci`, merge, { data: { token: null } });
    await running.idle();
    // ES256 signs differently each time: what the Secret holds now is another text.
    expect(await isTaken(token)).toBe(false);
    const second = Buffer.from((await t.get(`${secrets}/ci`)).body.data.token, 'base64').toString();
    expect(await isTaken(second)).toBe(true);
    await t.remove(`${secrets}/ci`);
    await running.idle();
    const third = await issued();
    expect([await isTaken(second), await isTaken(third)]).toEqual([false, true]);
    const labels = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' };
    await t.patch(`${secrets}/ci`, merge, { metadata: { labels } });
    expect(await isTaken(third)).toBe(false);
  });

  it('ends with its account, whose Secret goes too, and is not good for an account that was made anew', async () => {
    const token = await issued('ci', { finalizers: ['test.dev/stays'] });
    await t.remove(`${accounts}/robot`);
    expect(await isTaken(token)).toBe(false);
    await t.post(accounts, { metadata: { name: 'robot' } });
    expect(await isTaken(token)).toBe(false);
    await running.idle();
    expect((await t.get(`${secrets}/ci`)).body.metadata.deletionTimestamp).toBeTruthy();
  });

  it('ends with an account that is on its way', async () => {
    await t.patch(`${accounts}/robot`, merge, { metadata: { finalizers: ['test.dev/stays'] } });
    const token = await issued();
    expect(await isTaken(token)).toBe(true);
    await t.remove(`${accounts}/robot`);
    expect(await isTaken(token)).toBe(false);
  });

  it('is only what we signed with these claims: a copy in another Secret, a foreign key and other claims are refused', async () => {
    const token = await issued();
    const { payload } = decodeToken(token) ?? { payload: {} };
    const put = (name: string, text: string) =>
      t.post(secrets, { ...wanted(name), data: { token: btoa(text) }, immutable: true });
    const foreign = readSigningKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    const claims = { ...payload, 'kubernetes.io/serviceaccount/secret.name': 'forged' };
    const forged = [
      signToken(claims, key.id, 'ES256', foreign.privateKey),
      signToken({ ...claims, sub: 'system:serviceaccount:kube-system:admin' }, key.id, 'ES256', key.privateKey),
      signToken({ ...claims, iss: issuer }, key.id, 'ES256', key.privateKey),
      signToken({ ...claims, 'kubernetes.io/serviceaccount/service-account.uid': '' }, key.id, 'ES256', key.privateKey),
    ];
    for (const text of forged) {
      expect((await put('forged', text)).status).toBe(201);
      expect(await isTaken(text)).toBe(false);
      await t.remove(`${secrets}/forged`);
    }
    // What we did sign is taken out of the Secret that it names: the shape above is not what made the others fail.
    const good = signToken(claims, key.id, 'ES256', key.privateKey);
    expect(await isTaken(good)).toBe(false);
    await put('forged', good);
    expect(await isTaken(good)).toBe(true);
    await put('copy', token);
    await t.remove(`${secrets}/ci`);
    expect(await isTaken(token)).toBe(false);
  });
});
