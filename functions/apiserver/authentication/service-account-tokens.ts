// Service account tokens: JWTs signed here, bound to an audience, a time, and perhaps a pod, secret or node.
// Source: KEP-1205 (bound tokens), KEP-1393 (issuer discovery), KEP-4193 (bound to nodes), RFC 7519.

import { createHash, randomUUID } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import {
  decodeToken,
  hasSignature,
  type JsonWebKey,
  type Payload,
  publicJsonWebKey,
  signToken,
} from '../../../core/signature/json-web-token.ts';
import { secretTokenIssuer } from '../../../core/signature/secret-token.ts';
import { readSigningKey, type SigningKey } from '../../../core/signature/signing-key.ts';
import type { Lookup } from './lookup.ts';
import { secretTokenUser } from './secret-tokens.ts';
import { authenticatedGroup, serviceAccountGroups, serviceAccountPrefix } from './users.ts';

export interface ServiceAccountOptions {
  /** URL of the issuer: `https://kubernetes.default.svc.cluster.local` when nothing outside the cluster verifies tokens. */
  readonly issuer: string;
  /** What the API server accepts tokens for; default: the issuer. */
  readonly audiences?: readonly string[];
  /** PEM, RSA or P-256. The first signs; tokens of all are accepted, so that keys can be rotated. A function: asked for every token. */
  readonly keys: readonly (string | Buffer)[] | (() => readonly (string | Buffer)[]);
}

export interface Bound {
  readonly kind: 'Pod' | 'Secret' | 'Node';
  readonly name: string;
  readonly uid: string;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound?: Bound;
  /** The node that a bound pod runs on, where there is one. */
  readonly node?: { readonly name: string; readonly uid?: string };
}

export interface VerifiedToken {
  readonly user: UserInfo;
  /** The audiences asked for that the token has. */
  readonly audiences: readonly string[];
}

export interface ServiceAccountTokens {
  readonly issuer: string;
  readonly audiences: readonly string[];
  issue(request: TokenRequest): Promise<{ token: string; expires: Date }>;
  /** Whether a token claims to be ours. Says nothing about its signature. */
  claims(token: string): boolean;
  /** undefined: not valid now. `audiences` default to the API server's own. */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>;
  /** RFC 7517. */
  keySet(): Promise<{ keys: JsonWebKey[] }>;
}

interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
  readonly node?: { readonly name: string; readonly uid?: string };
}

const claimName = 'kubernetes.io';
const maxVerified = 10_000;
/** As Kubernetes: what was to be gone longer ago than this is gone, whatever its finalizers still wait for. */
const deletionLeewayMs = 60_000;

export function serviceAccountTokens(
  { issuer, audiences = [issuer], keys: given }: ServiceAccountOptions,
  lookup: Lookup,
  now: () => Date,
): ServiceAccountTokens {
  const pemsNow = typeof given === 'function' ? given : () => given;
  let pems = pemsNow();
  let keys = readKeys(pems);
  // Signatures are checked once a token; its time and what it is bound to, each time.
  const verified = new Map<string, Payload | null>();

  const keysNow = (): readonly [SigningKey, ...SigningKey[]] => {
    const next = pemsNow();
    if (next === pems) return keys;
    keys = readKeys(next);
    pems = next;
    // A key may have gone, and its tokens with it.
    verified.clear();
    return keys;
  };

  const payloadOf = (token: string): Payload | null => {
    const current = keysNow();
    const id = createHash('sha256').update(token).digest('base64');
    const known = verified.get(id);
    if (known !== undefined) return known;
    const payload = signedPayload(token, current, issuer);
    if (verified.size >= maxVerified)
      for (const old of verified.keys()) {
        verified.delete(old);
        if (verified.size < maxVerified / 2) break;
      }
    // What is not valid yet or any more is decided by the clock below, so only well signed ones are kept.
    if (payload) verified.set(id, payload);
    return payload;
  };

  return {
    issuer,
    audiences,
    async issue({ namespace, serviceAccount, audiences: wanted, expirationSeconds, bound, node }) {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expires = issuedAt + expirationSeconds;
      const claims: KubernetesClaims = {
        namespace,
        serviceaccount: serviceAccount,
        ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
        ...(node && { node }),
      };
      const payload: Payload = {
        iss: issuer,
        aud: wanted.length > 0 ? wanted : audiences,
        sub: `${serviceAccountPrefix}${namespace}:${serviceAccount.name}`,
        iat: issuedAt,
        nbf: issuedAt,
        exp: expires,
        jti: randomUUID(),
        [claimName]: claims,
      };
      const [signer] = keysNow();
      const token = signToken(payload, signer.id, signer.algorithm, signer.privateKey);
      return { token, expires: new Date(expires * 1000) };
    },
    claims(token) {
      const tokenIssuer = decodeToken(token)?.payload.iss;
      return tokenIssuer === issuer || tokenIssuer === secretTokenIssuer;
    },
    async verify(token, wanted = audiences) {
      const payload = payloadOf(token);
      if (!payload) return undefined;
      if (payload.iss === secretTokenIssuer) {
        // It names no audience: it is for the API server alone.
        const matching = wanted.filter((each) => audiences.includes(each));
        const user = matching.length > 0 ? await secretTokenUser(token, payload, lookup) : undefined;
        return user && { user, audiences: matching };
      }
      const seconds = now().getTime() / 1000;
      if ((payload.exp ?? 0) <= seconds || (payload.nbf ?? 0) > seconds) return undefined;
      const has = payload.aud === undefined ? [] : Array.isArray(payload.aud) ? payload.aud : [payload.aud];
      const matching = wanted.filter((each) => has.includes(each));
      if (matching.length === 0) return undefined;
      const claims = claimsOf(payload);
      if (!claims || !(await stillBound(claims, lookup, now().getTime() - deletionLeewayMs))) return undefined;
      return { user: userOf(claims, payload.jti), audiences: matching };
    },
    async keySet() {
      return {
        keys: keysNow().map(({ id, algorithm, publicKey }) => ({
          ...publicJsonWebKey(publicKey),
          kid: id,
          alg: algorithm,
          use: 'sig',
        })),
      };
    },
  };
}

function readKeys(pems: readonly (string | Buffer)[]): readonly [SigningKey, ...SigningKey[]] {
  const [signer, ...others] = pems.map(readSigningKey);
  if (!signer) throw new Error('service account tokens need a signing key: give one PEM private key');
  return [signer, ...others];
}

/** What a token says that one of our keys signed; null: it is not ours. */
function signedPayload(token: string, keys: readonly SigningKey[], issuer: string): Payload | null {
  const decoded = decodeToken(token);
  const key = keys.find((each) => each.id === decoded?.header.kid);
  if (!decoded || !key || ![issuer, secretTokenIssuer].includes(decoded.payload.iss ?? '')) return null;
  return hasSignature(token, key.algorithm, key.publicKey) ? decoded.payload : null;
}

function claimsOf(payload: Payload): KubernetesClaims | undefined {
  const claims = payload[claimName];
  // Signed by us: it has the shape that `issue` gave it.
  return typeof claims === 'object' && claims !== null ? (claims as KubernetesClaims) : undefined;
}

/** A token dies with its account, and with the pod, secret or node that it is bound to. `goneBefore`: Unix milliseconds. */
async function stillBound(claims: KubernetesClaims, lookup: Lookup, goneBefore: number): Promise<boolean> {
  const { namespace, serviceaccount, pod, secret, node } = claims;
  const exists = async (type: string, name: string, uid: string | undefined) => {
    const found = await lookup(type, name);
    if (found === undefined || (uid !== undefined && found.metadata.uid !== uid)) return false;
    const { deletionTimestamp } = found.metadata;
    return deletionTimestamp === undefined || Date.parse(deletionTimestamp) >= goneBefore;
  };
  if (!(await exists('serviceaccounts', `${namespace}/${serviceaccount.name}`, serviceaccount.uid))) return false;
  if (pod && !(await exists('pods', `${namespace}/${pod.name}`, pod.uid))) return false;
  if (secret && !(await exists('secrets', `${namespace}/${secret.name}`, secret.uid))) return false;
  // A pod's node is in it for information; only a token bound to the node itself depends on it.
  return pod !== undefined || node === undefined || exists('nodes', node.name, node.uid);
}

function userOf({ namespace, serviceaccount, pod, node }: KubernetesClaims, jti: string | undefined): UserInfo {
  const extra: Record<string, readonly string[]> = {};
  if (jti) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`];
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return {
    username: `${serviceAccountPrefix}${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
    extra,
  };
}
