// Whom a token out of a Secret stands for: it ends with the Secret, with another token in it, and with its account.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Payload } from '../../../core/signature/json-web-token.ts';
import { secretTokenSubject } from '../../../core/signature/secret-token.ts';
import { sameSecret } from './bootstrap-tokens.ts';
import type { Lookup } from './lookup.ts';
import { authenticatedGroup, serviceAccountGroups, serviceAccountPrefix } from './users.ts';

/** Set on the Secret by who finds that nobody used its token for long. */
const invalidSince = 'kubernetes.io/legacy-token-invalid-since';

/** `payload` is what one of our keys signed. undefined: not good now. */
export async function secretTokenUser(token: string, payload: Payload, lookup: Lookup): Promise<UserInfo | undefined> {
  const subject = secretTokenSubject(payload);
  if (!subject) return undefined;
  const { namespace, account } = subject;
  const isHolder = (secret: KubeObject) => !secret.metadata.deletionTimestamp && holds(secret, token);
  const isAccount = ({ metadata }: KubeObject) => metadata.uid === account.uid && !metadata.deletionTimestamp;
  const secret = await lookup('secrets', `${namespace}/${subject.secret}`, isHolder);
  if (!secret || !isHolder(secret) || getOwn(secret.metadata.labels, invalidSince)) return undefined;
  const found = await lookup('serviceaccounts', `${namespace}/${account.name}`, isAccount);
  if (!found || !isAccount(found)) return undefined;
  return {
    username: `${serviceAccountPrefix}${namespace}:${account.name}`,
    uid: account.uid,
    groups: [...serviceAccountGroups(namespace), authenticatedGroup],
  };
}

function holds(secret: KubeObject, token: string): boolean {
  // A Secret's data is a map of base64 strings.
  const held = getOwn(secret['data'] as Record<string, string> | undefined, 'token');
  return held !== undefined && sameSecret(Buffer.from(held, 'base64'), Buffer.from(token));
}
