import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { decodeToken, hasSignature, signToken } from './json-web-token.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pairs = [
  ['ES256', ec],
  ['RS256', rsa],
] as const;

it('reads back what it signed, and knows its own signature', () => {
  for (const [algorithm, { privateKey, publicKey }] of pairs) {
    const token = signToken({ iss: 'https://issuer', aud: ['a', 'b'], exp: 12 }, 'key-1', algorithm, privateKey);
    expect(decodeToken(token)).toEqual({
      header: { alg: algorithm, kid: 'key-1' },
      payload: { iss: 'https://issuer', aud: ['a', 'b'], exp: 12 },
    });
    expect(hasSignature(token, algorithm, publicKey)).toBe(true);
  }
});

it('refuses a payload that was exchanged, another key and a cut signature', () => {
  for (const [algorithm, { privateKey, publicKey }] of pairs) {
    const token = signToken({ sub: 'one' }, 'key-1', algorithm, privateKey);
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ sub: 'two' })).toString('base64url');
    expect(hasSignature(`${header}.${payload}.${signature}`, algorithm, publicKey)).toBe(false);
    expect(hasSignature(token.slice(0, -8), algorithm, publicKey)).toBe(false);
    expect(hasSignature(`${token.slice(0, token.lastIndexOf('.'))}.`, algorithm, publicKey)).toBe(false);
  }
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  expect(hasSignature(signToken({}, 'k', 'ES256', ec.privateKey), 'ES256', other.publicKey)).toBe(false);
});

it('does not let a token choose its algorithm', () => {
  const token = signToken({ sub: 'one' }, 'key-1', 'ES256', ec.privateKey);
  const header = Buffer.from(JSON.stringify({ alg: 'none', kid: 'key-1' })).toString('base64url');
  expect(hasSignature(`${header}.${token.split('.')[1]}.`, 'ES256', ec.publicKey)).toBe(false);
  expect(hasSignature(token, 'RS256', rsa.publicKey)).toBe(false);
});

it('takes nothing else for a token', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const text of [
    '',
    'a.b',
    'a.b.c',
    `${part({})}.${part([])}.x`,
    `${part(1)}.${part({})}.x`,
    `${part({})}.${part({ exp: '9' })}.x`,
    `${part({})}.${part({ iss: 1 })}.x`,
    `${part({})}.${part({ aud: [1] })}.x`,
  ])
    expect(decodeToken(text)).toBeUndefined();
});
