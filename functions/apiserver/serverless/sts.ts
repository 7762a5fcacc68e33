// The two requests to AWS STS that the API server makes: whose token is this, and credentials for one queue.
// Source: AWS STS API reference, GetCallerIdentity and AssumeRole; STS answers in JSON when it is asked for that.

import { signHeaders } from '../../../core/signature/sigv4.ts';
import type { AskSts } from '../authentication/iam-tokens.ts';
import type { QueueCredentials } from '../node/joining.ts';

const timeoutMs = 5_000;

/** `fetchUrl`: the global fetch, or a stand-in. */
export function askSts(fetchUrl: typeof fetch): AskSts {
  return async (url, headers) => {
    const answer = await fetchUrl(url, {
      headers: { ...headers, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.status >= 500) throw new Error(`STS answered ${answer.status}`);
    if (!answer.ok) return undefined;
    // as: the documented answer of GetCallerIdentity.
    const body = (await answer.json()) as {
      GetCallerIdentityResponse?: { GetCallerIdentityResult?: { Arn?: string; Account?: string; UserId?: string } };
    };
    const { Arn, Account, UserId } = body.GetCallerIdentityResponse?.GetCallerIdentityResult ?? {};
    return Arn && Account && UserId ? { arn: Arn, account: Account, userId: UserId } : undefined;
  };
}

export interface StsCredentialsOptions {
  /** ARN of the role that is assumed for a node, narrowed to one queue. */
  readonly role: string;
  readonly region: string;
  readonly urlOf: (queue: string) => string;
  /** Of a URL `https://sqs.region.amazonaws.com/account/name`. */
  readonly arnOf: (queue: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly fetchUrl: typeof fetch;
}

/** An hour is the longest that a role may be held by one that holds a role itself. */
const durationSeconds = 3600;

/** Lends credentials that receive from, and delete in, one queue. */
export function stsCredentials(options: StsCredentialsOptions): QueueCredentials {
  const { role, region, urlOf, arnOf, env, now, fetchUrl } = options;
  return {
    async issue(node, queue) {
      const policy = {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
            Resource: arnOf(queue),
          },
        ],
      };
      const body = new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: role,
        RoleSessionName: node
          .replace(/[^\w+=,.@-]/g, '-')
          .slice(0, 64)
          .padEnd(2, '-'),
        DurationSeconds: String(durationSeconds),
        Policy: JSON.stringify(policy),
      }).toString();
      const url = new URL(env['AWS_ENDPOINT_URL_STS'] ?? `https://sts.${region}.amazonaws.com/`);
      const headers = signHeaders(
        {
          method: 'POST',
          url,
          body,
          headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', accept: 'application/json' },
        },
        {
          credentials: {
            accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
            secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
            ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
          },
          region,
          service: 'sts',
          now: now(),
        },
      );
      const { host: _, ...sent } = headers;
      const answer = await fetchUrl(url, {
        method: 'POST',
        headers: sent,
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!answer.ok)
        throw new Error(
          `STS refused to give credentials of ${role}: ${answer.status} ${(await answer.text()).slice(0, 300)}`,
        );
      // as: the documented answer of AssumeRole. Its time is in seconds, or a date.
      const { AssumeRoleResponse } = (await answer.json()) as {
        AssumeRoleResponse?: {
          AssumeRoleResult?: {
            Credentials?: {
              AccessKeyId: string;
              SecretAccessKey: string;
              SessionToken: string;
              Expiration: number | string;
            };
          };
        };
      };
      const credentials = AssumeRoleResponse?.AssumeRoleResult?.Credentials;
      if (!credentials) throw new Error('STS answered without credentials');
      const { Expiration } = credentials;
      return {
        kind: 'sqs',
        url: urlOf(queue),
        region,
        credentials: {
          accessKeyId: credentials.AccessKeyId,
          secretAccessKey: credentials.SecretAccessKey,
          sessionToken: credentials.SessionToken,
          expiration: new Date(typeof Expiration === 'number' ? Expiration * 1000 : Expiration).toISOString(),
        },
      };
    },
  };
}

/** Without a role to assume: the node polls with credentials of its machine. */
export function machineCredentials(region: string, urlOf: (queue: string) => string): QueueCredentials {
  return { issue: async (_, queue) => ({ kind: 'sqs', url: urlOf(queue), region }) };
}
