// Whether a request shows a credential that a hosted cluster gave out itself, seen from outside while the cluster may sleep: by the keys in its
// folder. It opens nothing. The cluster judges each request anew, and may know that an account has gone since; here it is only about
// who may wake it, and keep it awake.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeToken, hasSignature } from '../../core/signature/json-web-token.ts';
import { readSigningKey, type SigningKey } from '../../core/signature/signing-key.ts';
import { bearerToken } from '../../functions/apiserver/authentication/bearer-token.ts';
import { sameSecret } from '../../functions/apiserver/authentication/bootstrap-tokens.ts';
import type { ApiRequest } from '../../functions/apiserver/http.ts';
import { readPeers } from '../../functions/apiserver/serve-behind.ts';
import { readSigningKeys } from '../signing-keys.ts';

export type OwnCredentials = (request: ApiRequest) => boolean;

/** Tokens whose signature is known to be good. */
const remembered = 500;
/** Keys change while the cluster runs. */
const readAgainMs = 10_000;

interface Keys {
  readonly readAt: number;
  readonly authority: string;
  readonly adminToken: Buffer;
  readonly signing: readonly SigningKey[];
}

export function ownCredentials(dataDir: string, now: () => number): OwnCredentials {
  let keys: Keys | undefined;
  /** Of a token's hash, until when it is good. */
  const good = new Map<string, number>();
  const peers = readPeers(() => keys?.authority ?? '');

  const current = (): Keys | undefined => {
    if (keys && keys.readAt + readAgainMs > now()) return keys;
    const read = readKeys(dataDir, now());
    // What one signed that is gone is good no more.
    if (idsOf(read) !== idsOf(keys)) good.clear();
    keys = read;
    return keys;
  };
  const signed = (token: string, { signing }: Keys): boolean => {
    const id = createHash('sha256').update(token).digest('base64');
    const known = good.get(id);
    if (known !== undefined) return known > now();
    const { exp } = decodeToken(token)?.payload ?? {};
    const until = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000;
    if (until <= now()) return false;
    if (!signing.some(({ algorithm, publicKey }) => hasSignature(token, algorithm, publicKey))) return false;
    if (good.size >= remembered) good.clear();
    good.set(id, until);
    return true;
  };

  return (request) => {
    const found = current();
    if (!found) return false;
    if (request.certificate) {
      const { user, notBefore, notAfter } = peers(Buffer.from(request.certificate).toString('base64'));
      if (user && notBefore <= now() && now() <= notAfter) return true;
    }
    const token = bearerToken(request);
    return !!token && (sameSecret(found.adminToken, Buffer.from(token)) || signed(token, found));
  };
}

function idsOf(keys: Keys | undefined): string {
  return keys?.signing.map(({ id }) => id).join(' ') ?? '';
}

/** undefined: it has given nothing out yet. */
function readKeys(dataDir: string, readAt: number): Keys | undefined {
  const pki = join(dataDir, 'pki');
  try {
    return {
      readAt,
      authority: readFileSync(join(pki, 'ca.crt'), 'utf8'),
      adminToken: Buffer.from(readFileSync(join(pki, 'admin.token'), 'utf8').trim()),
      signing: readSigningKeys(pki).map(readSigningKey),
    };
  } catch {
    return undefined;
  }
}
