// Credentials of nodes that reach the API server through something that passes no client certificates on: short-lived tokens,
// signed with the cluster's key, good for one node (D9). A node renews its own before it ends.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { decodeJwt, jwtVerify, SignJWT } from 'jose';
import type { UserInfo } from '../../../core/registry/registry.ts';
import type { TokenAuthenticator } from './authenticate.ts';

export interface NodeTokens extends TokenAuthenticator {
  /** For the agent of this node, good from now until `expires`. */
  issue(node: string): Promise<{ token: string; expires: Date }>;
}

export interface NodeTokenOptions {
  /** Of the cluster's service account tokens; node tokens have an issuer of their own below it. */
  readonly issuer: string;
  /** PEM, EC P-256. */
  readonly key: string;
  readonly now: () => Date;
  /**
   * Default seven days: a node that was cut off for days still has a good credential when it returns, while what is stolen of a
   * node ends by itself.
   */
  readonly lifetimeSeconds?: number;
}

const audience = 'nodes.zeroplane.dev';
const userPrefix = 'system:node:';

export function nodeTokens({ issuer, key, now, lifetimeSeconds = 7 * 86_400 }: NodeTokenOptions): NodeTokens {
  const nodeIssuer = `${issuer}/nodes`;
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  return {
    async issue(node) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expires = issuedAt + lifetimeSeconds;
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(nodeIssuer)
        .setAudience(audience)
        .setSubject(`${userPrefix}${node}`)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expires)
        .sign(privateKey);
      return { token, expires: new Date(expires * 1000) };
    },
    claims(token) {
      try {
        return decodeJwt(token).iss === nodeIssuer;
      } catch {
        return false;
      }
    },
    async verify(token): Promise<UserInfo | undefined> {
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          issuer: nodeIssuer,
          audience,
          algorithms: ['ES256'],
          requiredClaims: ['exp', 'sub'],
          currentDate: now(),
        });
        const { sub = '' } = payload;
        return sub.startsWith(userPrefix) ? { username: sub, groups: ['system:nodes'] } : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
