// Credentials for a node's queue: of a role that is assumed and narrowed to it, or its machine's own.
// Source: AWS STS API reference, AssumeRole; STS answers in JSON when it is asked for that.

import { parseJson } from '../../../core/machinery/json.ts';
import { type AwsEnvironment, credentialsFrom, endpointFrom } from '../../../core/signature/aws-environment.ts';
import { createSignedRequests } from '../../../core/signature/signed-requests.ts';
import type { QueueCredentials } from '../node/joining.ts';

const answerMs = 5_000;
const connectMs = 2_000;

export interface StsCredentialsOptions {
  /** ARN of the role that is assumed for a node, narrowed to one queue. */
  readonly role: string;
  readonly region: string;
  readonly urlOf: (queue: string) => string;
  /** Of a URL `https://sqs.region.amazonaws.com/account/name`. */
  readonly arnOf: (queue: string) => string;
  readonly env: AwsEnvironment;
}

/** An hour is the longest that a role may be held by one that holds a role itself. */
const durationSeconds = 3600;

/** Lends credentials that receive from, and delete in, one queue. */
export function stsCredentials({ role, region, urlOf, arnOf, env }: StsCredentialsOptions): QueueCredentials {
  const requests = createSignedRequests({ service: 'sts', region, credentials: () => credentialsFrom(env), connectMs });
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
      const headers = {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        accept: 'application/json',
      };
      const url = endpointFrom(env, 'sts', region);
      const answer = await requests.send({ method: 'POST', url, headers, body }, answerMs);
      const text = answer.body.toString();
      if (answer.status !== 200)
        throw new Error(`STS refused to give credentials of ${role}: ${answer.status} ${text.slice(0, 300)}`);
      // as: the documented answer of AssumeRole. Its time is in seconds, or a date.
      const { AssumeRoleResponse } = parseJson(text) as {
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
