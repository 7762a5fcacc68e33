import { randomBytes } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { createAuthority, type KeyPair, openAuthority } from '../../core/certificates/authority.ts';
import { readPeers } from './serve-behind.ts';

const now = new Date();
let [own, other]: KeyPair[] = [];

// One name, as all clusters' authorities have.
beforeAll(async () => {
  [own, other] = await Promise.all([createAuthority('zeroplane-ca', now), createAuthority('zeroplane-ca', now)]);
});

async function header(
  pair: KeyPair | undefined,
  purpose: 'client auth' | 'server auth' = 'client auth',
): Promise<string> {
  if (!pair) throw new Error('no authority');
  const { certificate } = await (await openAuthority(pair)).issue({
    subject: { commonName: 'jane', organizations: ['system:masters'] },
    usages: ['digital signature', purpose],
    notBefore: new Date(now.getTime() - 1000),
    notAfter: new Date(now.getTime() + 3600_000),
  });
  return certificate.replace(/-----.*?-----|\s/g, '');
}

it('who comes with a certificate of the authority is its subject, and with one of another authority of that name is nobody', async () => {
  const peers = readPeers(() => own?.certificate ?? '');
  const good = await header(own);
  expect(peers(good).user).toMatchObject({ username: 'jane', groups: ['system:masters', 'system:authenticated'] });
  // Remembered, and still the same.
  expect(peers(good).user?.username).toBe('jane');
  expect(peers(await header(other)).user).toBeUndefined();
  expect(peers(await header(own, 'server auth')).user).toBeUndefined();
});

it('after the authority has changed, what was remembered counts no more', async () => {
  let pem = own?.certificate ?? '';
  const peers = readPeers(() => pem);
  const good = await header(own);
  expect(peers(good).user?.username).toBe('jane');
  pem = other?.certificate ?? '';
  expect(peers(good).user).toBeUndefined();
});

it('whatever else stands in the header is nobody', async () => {
  const peers = readPeers(() => own?.certificate ?? '');
  const good = Buffer.from(await header(own), 'base64');
  for (let at = 0; at < good.length; at += 7) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(peers(changed.toString('base64')).user, `byte ${at}`).toBeUndefined();
  }
  for (const text of ['', 'jane', randomBytes(500).toString('base64'), good.subarray(0, 100).toString('base64')])
    expect(peers(text).user).toBeUndefined();
});
