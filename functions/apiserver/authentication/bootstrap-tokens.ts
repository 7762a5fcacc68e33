// Bootstrap tokens: short-lived secrets that a new node joins with.
// Source: "Authenticating with Bootstrap Tokens"; Secrets of type bootstrap.kubernetes.io/token in kube-system.

import { timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Lookup } from './lookup.ts';
import { authenticatedGroup } from './users.ts';

const pattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** On the Secret of a one-time token: the node that joined with it. It lets nobody in any more. */
export const usedBy = 'zeroplane.dev/used-by';

export type BootstrapSecret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

export function isBootstrapToken(token: string): boolean {
  return pattern.test(token);
}

/** The user `system:bootstrap:<id>` of a token that is good now. */
export async function bootstrapUser(token: string, lookup: Lookup, now: Date): Promise<UserInfo | undefined> {
  const held = await heldBy(token, lookup);
  if (!held || faultOf(held, now) !== undefined) return undefined;
  const { id, field } = held;
  if (field('usage-bootstrap-authentication') !== 'true') return undefined;
  const extraGroups = field('auth-extra-groups')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each.startsWith('system:bootstrappers:'));
  return {
    username: `system:bootstrap:${id}`,
    groups: ['system:bootstrappers', ...extraGroups, authenticatedGroup],
  };
}

/** Why a token lets nobody in. Who holds only a part of it learns nothing of the rest. */
export async function bootstrapFault(token: string, lookup: Lookup, now: Date): Promise<string> {
  const held = await heldBy(token, lookup);
  const why = held
    ? (faultOf(held, now) ?? 'is not for joining')
    : 'is not known here: it is mistyped, of another cluster, or has expired';
  return `the join token ${why}: make another with \`zeroplane node token\``;
}

interface Held {
  readonly id: string;
  readonly secret: BootstrapSecret;
  field(name: string): string;
}

/** What stands behind a token, and is its holder's to know. */
async function heldBy(token: string, lookup: Lookup): Promise<Held | undefined> {
  const [, id = '', secret = ''] = pattern.exec(token) ?? [];
  // as: a Secret's data is a map of base64 strings.
  const object = (await lookup('secrets', `kube-system/bootstrap-token-${id}`)) as BootstrapSecret | undefined;
  if (!object || object.metadata.deletionTimestamp || object['type'] !== 'bootstrap.kubernetes.io/token')
    return undefined;
  const { data = {} } = object;
  const bytes = (name: string) => Buffer.from(getOwn(data, name) ?? '', 'base64');
  const field = (name: string) => bytes(name).toString('utf8');
  if (field('token-id') !== id || !sameSecret(bytes('token-secret'), Buffer.from(secret))) return undefined;
  return { id, secret: object, field };
}

function faultOf({ secret, field }: Held, now: Date): string | undefined {
  const node = getOwn(secret.metadata.annotations, usedBy);
  if (node !== undefined) return `was used up by node ${JSON.stringify(node)}`;
  const expiration = field('expiration');
  return expiration !== '' && !(Date.parse(expiration) > now.getTime()) ? `expired at ${expiration}` : undefined;
}

/** Takes the same time wherever they differ. */
export function sameSecret(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
