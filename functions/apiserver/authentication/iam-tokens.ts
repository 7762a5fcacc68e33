// IAM identities as users: the token is a presigned STS request (core/signature/iam-token.ts); STS says whose it is.
// A role that the cluster names as its administrators' is of system:masters; a worker's role may join; what others may do is RBAC.

import { createHash } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { textFromBase64Url } from '../../../core/machinery/base64.ts';
import { clusterHeader, iamTokenPrefix, iamTokenSeconds } from '../../../core/signature/iam-token.ts';
import type { TokenAuthenticator } from './authenticate.ts';

export interface CallerIdentity {
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}

/** Sends the presigned request. undefined: STS does not take it. Rejects when STS cannot be asked. */
export type AskSts = (url: URL, headers: Readonly<Record<string, string>>) => Promise<CallerIdentity | undefined>;

export interface IamTokenOptions {
  readonly clusterName: string;
  /** ARNs of roles. */
  readonly adminRoles: readonly string[];
  /** ARNs of roles whose holders may join as nodes. */
  readonly workerRoles: readonly string[];
  readonly ask: AskSts;
  readonly now: () => Date;
}

/** Regional and global hosts of STS, in every partition. Nothing else is ever asked: the URL comes from the client. */
const stsHost = /^sts(\.[a-z]{2}(-[a-z]+)+-\d)?\.amazonaws\.com(\.cn)?$/;
const allowedParameters = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
const longestToken = 8192;
/** What STS said holds this long, in milliseconds: short, and never beyond the token's own time. */
const cacheMs = 60_000;
const maxCached = 1000;

export function iamTokens(options: IamTokenOptions): TokenAuthenticator {
  const { clusterName, ask, now } = options;
  const known = new Map<string, { readonly user: UserInfo; readonly until: number }>();
  return {
    claims: (token) => token.startsWith(iamTokenPrefix),
    async verify(token) {
      const url = presignedUrl(token, now());
      if (!url) return undefined;
      const id = createHash('sha256').update(token).digest('base64');
      const cached = known.get(id);
      const at = now().getTime();
      if (cached && cached.until > at) return cached.user;
      known.delete(id);
      const identity = await ask(url, { [clusterHeader]: clusterName });
      if (!identity) return undefined;
      const user = userOf(identity, options);
      if (known.size >= maxCached) known.clear();
      known.set(id, { user, until: at + cacheMs });
      return user;
    },
  };
}

/** The request in the token, if it is one that asks STS who the caller is, signed for a cluster's name, and in time. */
export function presignedUrl(token: string, now: Date): URL | undefined {
  if (token.length > longestToken) return undefined;
  const text = textFromBase64Url(token.slice(iamTokenPrefix.length));
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol, hostname, port, pathname, username, password, hash } = url;
  if (protocol !== 'https:' || !stsHost.test(hostname) || port !== '' || pathname !== '/') return undefined;
  if (username !== '' || password !== '' || hash !== '') return undefined;
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const key = name.toLowerCase();
    if (!allowedParameters.has(key) || parameters.has(key)) return undefined;
    parameters.set(key, value);
  }
  if (parameters.get('action') !== 'GetCallerIdentity') return undefined;
  const signed = parameters.get('x-amz-signedheaders')?.toLowerCase().split(';') ?? [];
  if (!signed.includes('host') || !signed.includes(clusterHeader)) return undefined;
  const signedAt = parseDate(parameters.get('x-amz-date') ?? '');
  const expires = Number(parameters.get('x-amz-expires'));
  if (signedAt === undefined || !(expires > 0 && expires <= iamTokenSeconds)) return undefined;
  const age = now.getTime() - signedAt;
  // Clocks differ by minutes.
  return age > -5 * 60_000 && age < expires * 1000 ? url : undefined;
}

function parseDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function userOf({ arn, account, userId }: CallerIdentity, { adminRoles, workerRoles }: IamTokenOptions): UserInfo {
  const { identity, session } = canonicalArn(arn);
  const holds = (roles: readonly string[]) => roles.some((role) => canonicalArn(role).identity === identity);
  return {
    username: session === undefined ? identity : `${identity}:${session}`,
    uid: userId,
    groups: [
      `iam:${account}`,
      // So that RBAC can name a role, whoever holds it.
      ...(session === undefined ? [] : [identity]),
      ...(holds(adminRoles) ? ['system:masters'] : []),
      ...(holds(workerRoles) ? ['system:bootstrappers', 'system:bootstrappers:aws'] : []),
    ],
    extra: { arn: [arn] },
  };
}

/**
 * An assumed role under the role's own ARN. STS leaves out a role's path, so it is left out everywhere: IAM allows a role's name
 * once in an account, whatever its path.
 */
export function canonicalArn(arn: string): { identity: string; session?: string } {
  const assumed = /^arn:([a-z-]+):sts::(\d+):assumed-role\/([^/]+)\/(.+)$/.exec(arn);
  if (assumed) {
    const [, partition, account, role, session = ''] = assumed;
    return { identity: `arn:${partition}:iam::${account}:role/${role}`, session };
  }
  const role = /^(arn:[a-z-]+:iam::\d+:role\/)(?:.*\/)?([^/]+)$/.exec(arn);
  return { identity: role ? `${role[1]}${role[2]}` : arn };
}
