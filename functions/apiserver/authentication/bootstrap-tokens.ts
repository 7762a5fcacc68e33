// Bootstrap tokens: short-lived secrets that a new node joins with.
// Source: "Authenticating with Bootstrap Tokens"; Secrets of type bootstrap.kubernetes.io/token in kube-system.

import { timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Lookup } from './lookup.ts';
import { authenticatedGroup } from './users.ts';

const pattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

export function isBootstrapToken(token: string): boolean {
  return pattern.test(token);
}

/** The user `system:bootstrap:<id>` of a token that is good now. */
export async function bootstrapUser(token: string, lookup: Lookup, now: Date): Promise<UserInfo | undefined> {
  const [, id = '', secret = ''] = pattern.exec(token) ?? [];
  const object = await lookup('secrets', `kube-system/bootstrap-token-${id}`);
  if (!object || object.metadata.deletionTimestamp || object['type'] !== 'bootstrap.kubernetes.io/token')
    return undefined;
  // A Secret's data is a map of base64 strings.
  const data = (object['data'] ?? {}) as Record<string, string>;
  const bytes = (name: string) => Buffer.from(getOwn(data, name) ?? '', 'base64');
  const field = (name: string) => bytes(name).toString('utf8');
  if (field('token-id') !== id || !sameSecret(bytes('token-secret'), Buffer.from(secret))) return undefined;
  if (field('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = field('expiration');
  if (expiration !== '' && !(Date.parse(expiration) > now.getTime())) return undefined;
  const extraGroups = field('auth-extra-groups')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each.startsWith('system:bootstrappers:'));
  return {
    username: `system:bootstrap:${id}`,
    groups: ['system:bootstrappers', ...extraGroups, authenticatedGroup],
  };
}

/** Takes the same time wherever they differ. */
export function sameSecret(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
