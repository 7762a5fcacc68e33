// The names and groups that Kubernetes gives to kinds of users.

import type { UserInfo } from '../../../core/authorization/user-info.ts';

export const authenticatedGroup = 'system:authenticated';

export const anonymous: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** With the group of all who showed a credential that is good. Source: kube-apiserver's authenticated group adder. */
export function authenticated(user: UserInfo): UserInfo {
  const { groups, username } = user;
  if (username === anonymous.username || groups.includes(authenticatedGroup)) return user;
  return groups.includes('system:unauthenticated') ? user : { ...user, groups: [...groups, authenticatedGroup] };
}

export const serviceAccountPrefix = 'system:serviceaccount:';

export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** `[namespace, name]` of a service account's user name. */
export function parseServiceAccount(username: string): readonly [string, string] | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...more] = username.slice(serviceAccountPrefix.length).split(':');
  return namespace && name && more.length === 0 ? [namespace, name] : undefined;
}

/** The node's name when the user is a node's agent (group system:nodes, name system:node:...). */
export function nodeOf(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  if (!user.username.startsWith(prefix) || !user.groups.includes('system:nodes')) return undefined;
  return user.username.slice(prefix.length) || undefined;
}
