// Who may wake a hosted cluster and keep it awake: those whom it gave a credential, and others a little.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signToken } from '../../core/signature/json-web-token.ts';
import { readSigningKey } from '../../core/signature/signing-key.ts';
import type { ApiRequest } from '../../functions/apiserver/http.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { tried } from '../../test/tools/tried.ts';
import { createKnocks } from './knocks.ts';
import { ownCredentials } from './own-credentials.ts';

let folder: string;
let now: number;
const clock = () => now;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'own-credentials-'));
  now = Date.now();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function newKey(): string {
  return String(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

const bearer = (token: string): ApiRequest => ({
  method: 'GET',
  path: '/',
  query: '',
  headers: { authorization: `Bearer ${token}` },
});
const nobody: ApiRequest = { method: 'GET', path: '/', query: '', headers: {} };

function tokenOf(pem: string, exp: number): string {
  const { id, algorithm, privateKey } = readSigningKey(pem);
  return signToken({ iss: 'x', sub: 'y', exp: Math.floor(exp / 1000) }, id, algorithm, privateKey);
}

const withCertificate = (pem: string): ApiRequest => ({ ...nobody, certificate: new X509Certificate(pem).raw });

/** The folder of a cluster, as its first start leaves it. */
async function cluster(name: string) {
  const dataDir = join(folder, name);
  const pki = join(dataDir, 'pki');
  mkdirSync(pki, { recursive: true });
  // All authorities have one name.
  const authority = await createTestAuthority();
  const key = newKey();
  writeFileSync(join(pki, 'ca.crt'), authority.cert);
  writeFileSync(join(pki, 'admin.token'), `admin-of-${name}\n`);
  writeFileSync(join(pki, 'service-account.key'), key);
  return { dataDir, pki, authority, key };
}

describe('what a cluster gave out', () => {
  it('is known by it, and by no other', async () => {
    const [one, two] = [await cluster('one'), await cluster('two')];
    const of = async ({ authority, key }: typeof one, name: string) => [
      bearer(tokenOf(key, now + 60_000)),
      bearer(`admin-of-${name}`),
      withCertificate((await authority.client('jane', [])).cert),
    ];
    const knows = ownCredentials(one.dataDir, clock);
    for (const each of await of(one, 'one')) expect(knows(each), JSON.stringify(each.headers)).toBe(true);
    for (const each of await of(two, 'two')) expect(knows(each), JSON.stringify(each.headers)).toBe(false);
    const [head = '', payload = ''] = tokenOf(one.key, now + 60_000).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const others = ['', 'x', 'a.b.c', 'abcdef.0123456789abcdef', `${head}.${payload}.AAAA`, `${none}.${payload}.AAAA`];
    for (const each of others) expect(knows(bearer(each)), each).toBe(false);
    expect(knows(nobody)).toBe(false);
    tried('credential that wakes no cluster', others.length + 4);
  });

  it('counts until its end, and while its key is there', async () => {
    const { dataDir, pki, key, authority } = await cluster('one');
    const knows = ownCredentials(dataDir, clock);
    const token = bearer(tokenOf(key, now + 60_000));
    const later = bearer(tokenOf(key, now + 10 * 3_600_000));
    const certificate = withCertificate((await authority.client('jane', [])).cert);
    expect([token, later, certificate].map(knows)).toEqual([true, true, true]);
    now += 61_000;
    expect([token, later, certificate].map(knows)).toEqual([false, true, true]);
    now += 2 * 3_600_000;
    expect([token, later, certificate].map(knows)).toEqual([false, true, false]);
    writeFileSync(join(pki, 'service-account.key'), newKey());
    now += 11_000;
    expect(knows(later)).toBe(false);
  });

  it('is nothing before it has run', () => {
    expect(ownCredentials(join(folder, 'none'), clock)(bearer('x'))).toBe(false);
  });
});

it('others wake a cluster a little, and all of them together not much more', () => {
  const knocks = createKnocks(clock);
  const woken = (uid: string, times: number) => {
    let count = 0;
    for (let i = 0; i < times; i++)
      try {
        knocks.knock(uid);
        count += 1;
      } catch (error) {
        expect(error).toMatchObject({ reason: 'TooManyRequests' });
      }
    tried('start of a hosted cluster by nobody', times);
    return count;
  };
  expect(woken('a', 100)).toBe(3);
  now += 10 * 60_000;
  expect(woken('a', 100)).toBe(1);
  now += 24 * 3_600_000;
  expect(woken('a', 100)).toBe(3);
  let all = 0;
  for (let i = 0; i < 200; i++) all += woken(`b${i}`, 5);
  expect(all).toBe(17);
});
