// The public keys of an issuer, found by its discovery document and kept for a while.
// Source: OpenID Connect Discovery 1.0, section 4; RFC 7517.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { JwtAuthenticator } from './configuration-types.ts';
import type { GetJson } from './get-json.ts';

/** After this, keys are asked for again: one that its issuer withdrew is taken no longer than this. */
const keepMs = 10 * 60_000;
/** An unknown key is a reason to look again, but not more often than this: anybody can send tokens. */
const pauseMs = 15_000;

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly at: number;
}

/** `now`: Unix milliseconds. The key of a token's header; rejects with an Error that says why there is none. */
export function issuerKeys(issuer: JwtAuthenticator['issuer'], get: GetJson, now: () => number): JWTVerifyGetKey {
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  const ask = (): Promise<Held> => {
    asking ??= fetchKeys(issuer, get)
      .then((find) => {
        held = { find, at: now() };
        return held;
      })
      .catch((error: unknown) => {
        failedAt = now();
        failure = error;
        // An issuer that is away for a moment does not lock its users out.
        if (held) return held;
        throw error;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const mayAsk = () => now() - Math.max(failedAt, held?.at ?? Number.NEGATIVE_INFINITY) >= pauseMs;

  return async (header, token) => {
    if (!held && !mayAsk() && !asking) throw failure;
    let keys = held && (now() - held.at < keepMs || !mayAsk()) ? held : await ask();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error;
      keys = await ask();
      return keys.find(header, token);
    }
  };
}

async function fetchKeys(
  { url, discoveryURL, certificateAuthority }: JwtAuthenticator['issuer'],
  get: GetJson,
): Promise<JWTVerifyGetKey> {
  const documentUrl = discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { issuer, jwks_uri: keysUrl } = fields(await get(documentUrl, certificateAuthority));
  if (issuer !== url)
    throw new Error(`${documentUrl} is of the issuer ${JSON.stringify(issuer)}, not of ${JSON.stringify(url)}`);
  if (typeof keysUrl !== 'string' || !keysUrl.startsWith('https://'))
    throw new Error(`${documentUrl} has no jwks_uri with https://`);
  // as: jose checks what it is given.
  return createLocalJWKSet((await get(keysUrl, certificateAuthority)) as JSONWebKeySet);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
