// The commands that have to do with a cluster on AWS: a kubeconfig, the credential that kubectl asks for, and tokens for new nodes.

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { stringify } from 'yaml';
import { awsCredentials } from '../agent/queue/aws-credentials.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import { createIamToken, iamTokenSeconds } from '../core/signature/iam-token.ts';
import { type AwsCredentials, signHeaders } from '../core/signature/sigv4.ts';
import { newBootstrapToken } from '../local/nodes/token.ts';
import { UserError } from '../local/user-error.ts';

export interface KubeconfigOptions {
  readonly aws: boolean;
  readonly server: string;
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly output?: string;
}

/** `zeroplane kubeconfig --aws`: kubectl then asks `zeroplane aws-token` for a credential, again when one runs out. */
export function writeAwsKubeconfig(options: KubeconfigOptions): void {
  if (!options.aws)
    throw new UserError('kubeconfig: give --aws; `zeroplane up` writes the kubeconfig of a cluster on this machine');
  const { server, cluster, region, roleArn } = options;
  if (!URL.canParse(server)) throw new UserError(`--server: ${server} is no URL: take ApiUrl of the stack's outputs`);
  const name = `zeroplane-${cluster}`;
  // One file is the program itself; from a checkout Node runs it.
  const own = isSea() ? [] : [join(import.meta.dirname, '../local/start.mjs')];
  const args = [...own, 'aws-token', '--cluster', cluster, '--region', region];
  if (roleArn !== undefined) args.push('--role-arn', roleArn);
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args,
    interactiveMode: 'Never',
    provideClusterInfo: false,
  };
  const config = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: server.replace(/\/+$/, '') } }],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
  if (options.output === undefined) {
    process.stdout.write(config);
    return;
  }
  mkdirSync(dirname(options.output), { recursive: true });
  writePrivateFile(options.output, config);
  console.error(`Wrote ${options.output}`);
}

export interface TokenOptions {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
}

/** An ExecCredential, as kubectl asks its plugins for. Source: KEP-541. */
export async function printAwsToken({ cluster, region, roleArn }: TokenOptions): Promise<void> {
  const own = await awsCredentials(region).catch((error: unknown) => {
    const why = errorText(error);
    throw new UserError(`no AWS credentials: sign in as you do for the aws command line (${why})`);
  });
  const credentials = roleArn === undefined ? own : await assumeRole(own, region, roleArn, fetch);
  const now = new Date();
  const token = createIamToken({ clusterName: cluster, region, credentials, now });
  // A minute is kept back, for requests under way.
  const expires = new Date(now.getTime() + (iamTokenSeconds - 60) * 1000);
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { expirationTimestamp: `${expires.toISOString().slice(0, 19)}Z`, token },
  };
  process.stdout.write(`${JSON.stringify(credential)}\n`);
}

async function assumeRole(
  credentials: AwsCredentials,
  region: string,
  role: string,
  fetchUrl: typeof fetch,
): Promise<AwsCredentials> {
  const query = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: 'kubectl',
    DurationSeconds: '900',
  });
  const url = new URL(`https://sts.${region}.amazonaws.com/?${query}`);
  const request = { method: 'GET', url, headers: { accept: 'application/json' } } as const;
  const { host: _, ...headers } = signHeaders(request, { credentials, region, service: 'sts', now: new Date() });
  const answer = await fetchUrl(url, { headers });
  if (!answer.ok) {
    const text = (await answer.text()).slice(0, 300);
    throw new UserError(`--role-arn: IAM does not let you assume ${role}: ask for sts:AssumeRole on it (${text})`);
  }
  // as: the documented answer of AssumeRole.
  const { AssumeRoleResponse } = (await answer.json()) as {
    AssumeRoleResponse: {
      AssumeRoleResult: { Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string } };
    };
  };
  const { AccessKeyId, SecretAccessKey, SessionToken } = AssumeRoleResponse.AssumeRoleResult.Credentials;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

/** `zeroplane join-token | kubectl apply -f -`: a token that lets one node join within the given hours. */
export function printJoinToken({ hours }: { readonly hours: number }): void {
  const { bearer, expires, secret } = newBootstrapToken(hours, new Date());
  process.stdout.write(stringify(secret));
  console.error(`Token for one node, good until ${expires.toISOString()}: ${bearer}`);
}
