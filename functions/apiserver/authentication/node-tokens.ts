// Credentials of nodes that reach the API server through something that passes no client certificates on: short-lived tokens,
// signed with the cluster's key, good for one Node object (D9): they end with it. A node renews its own before it ends.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { decodeToken, hasSignature, signToken } from '../../../core/signature/json-web-token.ts';
import type { TokenAuthenticator } from './authenticate.ts';

export interface NodeTokens extends TokenAuthenticator {
  /** For the agent of this node, good from now until `expires`, while the Node of this uid is there. */
  issue(node: string, uid: string): Promise<{ token: string; expires: Date }>;
}

export interface NodeTokenOptions {
  /** Of the cluster's service account tokens; node tokens have an issuer of their own below it. */
  readonly issuer: string;
  /** PEM, EC P-256. */
  readonly key: string;
  readonly now: () => Date;
  /** The uid of the Node that is there now. Exact: a node that was removed is refused with its next request. */
  readonly uidOf: (node: string) => Promise<string | undefined>;
  /**
   * Default seven days: a node that was cut off for days still has a good credential when it returns, while what is stolen of a
   * node ends by itself.
   */
  readonly lifetimeSeconds?: number;
}

const audience = 'nodes.zeroplane.dev';
/** There is one key. */
const keyId = 'nodes';
const userPrefix = 'system:node:';
const uidClaim = 'zeroplane.dev/node-uid';

export function nodeTokens({ issuer, key, now, uidOf, lifetimeSeconds = 7 * 86_400 }: NodeTokenOptions): NodeTokens {
  const nodeIssuer = `${issuer}/nodes`;
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey);
  return {
    async issue(node, uid) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expires = issuedAt + lifetimeSeconds;
      const sub = `${userPrefix}${node}`;
      const claims = { iss: nodeIssuer, aud: audience, sub, [uidClaim]: uid, iat: issuedAt, exp: expires };
      const token = signToken(claims, keyId, 'ES256', privateKey);
      return { token, expires: new Date(expires * 1000) };
    },
    claims(token) {
      return decodeToken(token)?.payload.iss === nodeIssuer;
    },
    async verify(token): Promise<UserInfo | undefined> {
      if (!hasSignature(token, 'ES256', publicKey)) return undefined;
      const { iss, aud, sub = '', exp = 0, nbf = 0, [uidClaim]: uid } = decodeToken(token)?.payload ?? {};
      const seconds = now().getTime() / 1000;
      const holds = iss === nodeIssuer && aud === audience && seconds < exp && seconds >= nbf;
      if (!holds || !sub.startsWith(userPrefix) || typeof uid !== 'string' || uid === '') return undefined;
      if ((await uidOf(sub.slice(userPrefix.length))) !== uid) return undefined;
      return { username: sub, uid, groups: ['system:nodes'] };
    },
  };
}
