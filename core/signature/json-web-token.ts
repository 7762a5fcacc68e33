// JSON Web Tokens, signed and checked with node:crypto: RFC 7515 (JWS compact form), RFC 7518 (RS256, ES256), RFC 7519.

import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { fromBase64Url, textFromBase64Url } from '../machinery/base64.ts';
import { jsonObject } from '../machinery/json.ts';

export type Algorithm = 'RS256' | 'ES256';

export interface Header {
  readonly alg?: string;
  readonly kid?: string;
}

/** The registered claims; others are there under their names. */
export interface Payload {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** A public key as RFC 7517 writes it. */
export type JsonWebKey = Readonly<Record<string, unknown>>;

/** What a token says. Of it only the encoding is checked yet, of the signature too. undefined: not a token. */
export function decodeToken(token: string): { header: Header; payload: Payload } | undefined {
  const [first, second, signature, ...more] = token.split('.', 4);
  if (first === undefined || second === undefined || signature === undefined || more.length > 0) return undefined;
  if (!fromBase64Url(signature)) return undefined;
  const [header, payload] = [decodePart(first), decodePart(second)];
  // as: the shapes were looked at; what has no claims of these types is refused below.
  return header && payload && wellTyped(payload)
    ? { header: header as Header, payload: payload as Payload }
    : undefined;
}

export function signToken(payload: Payload, kid: string, algorithm: Algorithm, key: KeyObject): string {
  const signed = `${encodePart({ alg: algorithm, kid })}.${encodePart(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Whether `key` signed the token with `algorithm`, which is ours to choose and not the token's. */
export function hasSignature(token: string, algorithm: Algorithm, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  if (decodeToken(token)?.header.alg !== algorithm) return false;
  const signature = fromBase64Url(token.slice(end + 1));
  return (
    signature !== undefined &&
    verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature)
  );
}

export function publicJsonWebKey(key: KeyObject): JsonWebKey {
  const own = key.type === 'private' ? createPublicKey(key) : key;
  return { ...own.export({ format: 'jwk' }) };
}

function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decodePart(part: string): object | undefined {
  const value = jsonObject(textFromBase64Url(part) ?? '');
  return Array.isArray(value) ? undefined : value;
}

function wellTyped(payload: Partial<Record<string, unknown>>): boolean {
  const { iss, sub, jti, aud, exp, nbf, iat } = payload;
  const texts = [iss, sub, jti].every((each) => each === undefined || typeof each === 'string');
  const times = [exp, nbf, iat].every((each) => each === undefined || Number.isFinite(each));
  const audience = aud === undefined || (Array.isArray(aud) ? aud : [aud]).every((each) => typeof each === 'string');
  return texts && times && audience;
}
