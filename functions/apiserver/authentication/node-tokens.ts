// Credentials of nodes that reach the API server through something that passes no client certificates on: short-lived tokens,
// signed with the cluster's key, good for one Node object (D9): they end with it. A node renews its own before it ends. One that was away
// for longer proves itself with the key that it made when it joined, and is let in to renew, and to nothing else.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { longestProofSeconds, nodeProofIssuer, nodeUidClaim, returningNodes } from '../../../core/node/joining.ts';
import { decodeToken, hasSignature, type Payload, signToken } from '../../../core/signature/json-web-token.ts';
import type { TokenAuthenticator } from './authenticate.ts';

export interface NodeTokens extends TokenAuthenticator {
  /** For the agent of this node, good from now until `expires`, while the Node of this uid is there. */
  issue(node: string, uid: string): Promise<{ token: string; expires: Date }>;
  /** Whom a node's proof must be for. */
  readonly audience: string;
}

export interface NodeTokenOptions {
  /** Of the cluster's service account tokens; node tokens have an issuer of their own below it. */
  readonly issuer: string;
  /** PEM, EC P-256. The first signs; what the others signed is still taken. */
  readonly keys: () => readonly string[];
  readonly now: () => Date;
  /** The uid of the Node that is there now. Exact: a node that was removed is refused with its next request. */
  readonly uidOf: (node: string) => Promise<string | undefined>;
  /** The key (SPKI) that the Node of this uid joined with. */
  readonly keyOf: (uid: string) => Promise<Buffer | undefined>;
  /**
   * Default seven days: a node that was cut off for days still has a good credential when it returns, while what is stolen of a
   * node ends by itself.
   */
  readonly lifetimeSeconds?: number;
}

const audience = 'nodes.zeroplane.dev';
/** Whichever of our keys it is, all are tried. */
const keyId = 'nodes';
const userPrefix = 'system:node:';
/** A node's clock may be this much before ours. */
const clockSkewSeconds = 300;

export function nodeTokens(options: NodeTokenOptions): NodeTokens {
  const { issuer, now, uidOf, keyOf, lifetimeSeconds = 7 * 86_400 } = options;
  const nodeIssuer = `${issuer}/nodes`;
  let from: readonly string[] = [];
  let read: readonly { readonly privateKey: KeyObject; readonly publicKey: KeyObject }[] = [];
  const keys = () => {
    const current = options.keys();
    if (current !== from) {
      from = current;
      read = current.map((pem) => {
        const privateKey = createPrivateKey(pem);
        return { privateKey, publicKey: createPublicKey(privateKey) };
      });
    }
    return read;
  };
  /** The node that is there now and that `payload` is about. */
  const nodeOf = async ({ sub = '', [nodeUidClaim]: uid }: Payload) => {
    if (!sub.startsWith(userPrefix) || typeof uid !== 'string' || uid === '') return undefined;
    return (await uidOf(sub.slice(userPrefix.length))) === uid ? { username: sub, uid } : undefined;
  };
  const isNow = ({ exp = 0, nbf = 0 }: Payload) => {
    const seconds = now().getTime() / 1000;
    return seconds < exp && seconds >= nbf;
  };
  const proven = async (token: string, payload: Payload): Promise<UserInfo | undefined> => {
    const { aud, exp = 0, iat = Number.NEGATIVE_INFINITY } = payload;
    const early = iat > now().getTime() / 1000 + clockSkewSeconds;
    if (aud !== nodeIssuer || !isNow(payload) || early || exp - iat > longestProofSeconds) return undefined;
    const node = await nodeOf(payload);
    const spki = node && (await keyOf(node.uid));
    if (!node || !spki) return undefined;
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return hasSignature(token, 'ES256', key) ? { ...node, groups: [returningNodes] } : undefined;
  };
  return {
    audience: nodeIssuer,
    async issue(node, uid) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expires = issuedAt + lifetimeSeconds;
      const sub = `${userPrefix}${node}`;
      const claims = { iss: nodeIssuer, aud: audience, sub, [nodeUidClaim]: uid, iat: issuedAt, exp: expires };
      const [signing] = keys();
      if (!signing) throw new Error('there is no key to sign tokens of nodes with');
      const token = signToken(claims, keyId, 'ES256', signing.privateKey);
      return { token, expires: new Date(expires * 1000) };
    },
    claims(token) {
      const by = decodeToken(token)?.payload.iss;
      return by === nodeIssuer || by === nodeProofIssuer;
    },
    async verify(token): Promise<UserInfo | undefined> {
      const { payload } = decodeToken(token) ?? {};
      if (payload?.iss === nodeProofIssuer) return proven(token, payload);
      if (!payload || !keys().some(({ publicKey }) => hasSignature(token, 'ES256', publicKey))) return undefined;
      if (payload.iss !== nodeIssuer || payload.aud !== audience || !isNow(payload)) return undefined;
      const node = await nodeOf(payload);
      return node && { ...node, groups: ['system:nodes'] };
    },
  };
}
