// Who administers a hosted cluster where no client certificate reaches it: whoever shows a token that its own key has signed, for this cluster by
// its uid. It ends as a certificate does: by its time, or with the cluster.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { UserInfo } from '../authorization/user-info.ts';
import { decodeToken, hasSignature, signToken } from '../signature/json-web-token.ts';

export interface Administered {
  readonly uid: string;
  /** Of the cluster's service account tokens; administrators' have one of their own below it. */
  readonly issuer: string;
  /** PEM, EC P-256. */
  readonly key: string;
}

const administrator: UserInfo = { username: 'kubernetes-admin', groups: ['system:masters'] };
const longestSeconds = 365 * 86_400;

/** `until`: when the cluster itself ends, in Unix milliseconds. */
export function signAdministrator({ uid, issuer, key }: Administered, now: Date, until?: number): string {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const ends = until === undefined ? Number.POSITIVE_INFINITY : Math.ceil(until / 1000);
  return signToken(
    {
      ...{ iss: issuerOf(issuer), aud: uid, sub: administrator.username, iat: issuedAt },
      exp: Math.min(issuedAt + longestSeconds, ends),
    },
    'administrators',
    'ES256',
    createPrivateKey(key),
  );
}

/** As an authenticator of tokens. */
export function administrators({ uid, issuer, key }: Administered, now: () => Date) {
  const own = issuerOf(issuer);
  const publicKey = createPublicKey(createPrivateKey(key));
  return {
    claims: (token: string): boolean => decodeToken(token)?.payload.iss === own,
    async verify(token: string): Promise<UserInfo | undefined> {
      const { payload } = decodeToken(token) ?? {};
      if (!payload || !hasSignature(token, 'ES256', publicKey)) return undefined;
      const { iss, aud, sub, exp = 0 } = payload;
      if (iss !== own || aud !== uid || sub !== administrator.username) return undefined;
      return now().getTime() / 1000 < exp ? administrator : undefined;
    },
  };
}

function issuerOf(issuer: string): string {
  return `${issuer}/administrators`;
}
