// Impersonation: acting as another user, with the right to (`impersonate` on users, groups, uids, userextras, serviceaccounts).
// Source: Kubernetes, "User impersonation".

import type { Attributes, Authorizer } from '../../../core/authorization/authorizer.ts';
import { forbiddenStatus } from '../../../core/authorization/forbidden.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import { type ApiRequest, headerValues } from '../http.ts';
import { anonymous, authenticatedGroup, parseServiceAccount, serviceAccountGroups } from './users.ts';

const unauthenticatedGroup = 'system:unauthenticated';
const prefix = 'impersonate-';
const extraPrefix = `${prefix}extra-`;

/** The user to act as; undefined when nobody else is asked for. Throws BadRequest, rejects with Forbidden. */
export function impersonate(
  request: ApiRequest,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<UserInfo> | undefined {
  const asked = readHeaders(request);
  return asked && actAs(asked, user, authorizer);
}

async function actAs(asked: Asked, user: UserInfo, authorizer: Authorizer): Promise<UserInfo> {
  const checks: Pick<Attributes, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>[] = [];
  const account = parseServiceAccount(asked.username);
  const core = { group: '', subresource: '', namespace: '' };
  if (account) checks.push({ ...core, resource: 'serviceaccounts', namespace: account[0], name: account[1] });
  else checks.push({ ...core, resource: 'users', name: asked.username });
  for (const name of asked.groups) checks.push({ ...core, resource: 'groups', name });
  const authentication = { ...core, group: 'authentication.k8s.io' };
  if (asked.uid !== undefined) checks.push({ ...authentication, resource: 'uids', name: asked.uid });
  for (const [key, values] of asked.extra)
    for (const name of values) checks.push({ ...authentication, resource: 'userextras', subresource: key, name });

  for (const check of checks) {
    const attributes: Attributes = { ...check, user, verb: 'impersonate', isResource: true, version: 'v1', path: '' };
    const decision = await authorizer.authorize(attributes);
    if (decision.effect !== 'allow') throw forbiddenStatus(attributes, decision.reason);
  }

  const groups = [...asked.groups];
  if (account && groups.length === 0) groups.push(...serviceAccountGroups(account[0]));
  const unauthenticated = groups.includes(unauthenticatedGroup);
  if (asked.username === anonymous.username) {
    if (!unauthenticated) groups.push(unauthenticatedGroup);
  } else if (!unauthenticated && !groups.includes(authenticatedGroup)) groups.push(authenticatedGroup);
  return {
    username: asked.username,
    groups,
    ...(asked.uid !== undefined && { uid: asked.uid }),
    // Own properties, whatever their names: these come from headers.
    ...(asked.extra.size > 0 && { extra: Object.fromEntries(asked.extra) }),
  };
}

interface Asked {
  username: string;
  groups: string[];
  uid?: string;
  extra: ReadonlyMap<string, readonly string[]>;
}

/** Looked at with every request. A walk over the names of an object costs more than all else of this stage. */
function impersonates({ headers, rawHeaders }: ApiRequest): boolean {
  if (rawHeaders && !hasInitial(rawHeaders, prefix)) return false;
  for (const name in headers) if (name.startsWith(prefix)) return true;
  return false;
}

/** Whether the name of one of the headers begins with the same letter, in whatever case it was sent. */
function hasInitial(rawHeaders: readonly string[], name: string): boolean {
  const lower = name.charCodeAt(0);
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (((rawHeaders[i]?.charCodeAt(0) ?? 0) | 0x20) === lower) return true;
  return false;
}

function readHeaders(request: ApiRequest): Asked | undefined {
  const { headers } = request;
  if (!impersonates(request)) return undefined;
  const username = headers['impersonate-user'];
  const uid = headers['impersonate-uid'];
  const extra = new Map<string, string[]>();
  let others = headers['impersonate-group'] !== undefined || uid !== undefined;
  for (const name in headers) {
    if (!name.startsWith(extraPrefix)) continue;
    others = true;
    const key = decodeKey(name.slice(extraPrefix.length));
    extra.set(key, [...(extra.get(key) ?? []), ...headerValues(request, name)]);
  }
  if (username === undefined || username === '') {
    if (others)
      throw badRequest('impersonation of a group, uid or extra needs a user too: set the header Impersonate-User');
    return undefined;
  }
  return { username, groups: headerValues(request, 'impersonate-group'), ...(uid && { uid }), extra };
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
