// The commands that have to do with a cluster on AWS: a kubeconfig, the credential that kubectl asks for, and tokens for new nodes.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { awsCredentials } from '../agent/queue/aws-credentials.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { withoutEnd } from '../core/machinery/text-ends.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import { createIamToken, iamTokenSeconds } from '../core/signature/iam-token.ts';
import { type AwsCredentials, signHeaders } from '../core/signature/sigv4.ts';
import { connectionFile, ensureConnection, loopback } from '../local/connect/connection.ts';
import { UserError } from '../local/user-error.ts';
import { type IdentityToken, ownProgram, printCredential } from './exec-credential.ts';

export interface KubeconfigOptions {
  readonly aws: boolean;
  readonly server: string;
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
  readonly to?: string;
  /** kubectl asks the cluster's URL itself, without `zeroplane connect` between. */
  readonly direct: boolean;
  /** Of `zeroplane connect`. */
  readonly port?: number;
}

/**
 * `zeroplane kubeconfig --aws`: kubectl then asks `zeroplane connect-token` for a credential, which starts `zeroplane connect` where it does
 * not run; with `--direct` `zeroplane aws-token`, again when one runs out.
 */
/** The kubeconfig; `to`: also written there. */
export async function writeAwsKubeconfig(options: KubeconfigOptions): Promise<object> {
  if (!options.aws)
    throw new UserError('kubeconfig: give --aws; `zeroplane up` writes the kubeconfig of a cluster on this machine');
  const { cluster, region, roleArn, direct, port } = options;
  if (!URL.canParse(options.server) || new URL(options.server).protocol !== 'https:')
    throw new UserError(`--server: ${options.server} is no https URL: take ApiUrl of the stack's outputs`);
  const server = withoutEnd(options.server, '/');
  const identity = { cluster, region, ...(roleArn !== undefined && { roleArn }) };
  const name = `zeroplane-${cluster}`;
  const connection = direct
    ? undefined
    : await ensureConnection(connectionFile(cluster), { ...identity, server, port });
  const own = ownProgram();
  const args = connection
    ? [...own.args, 'connect-token', cluster]
    : [...own.args, 'aws-token', '--cluster', cluster, '--region', region];
  if (!connection && roleArn !== undefined) args.push('--role-arn', roleArn);
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: own.command,
    args,
    interactiveMode: 'Never',
    provideClusterInfo: false,
  };
  const reached = connection
    ? {
        server: `https://${loopback}:${connection.port}`,
        'certificate-authority-data': Buffer.from(connection.authority).toString('base64'),
      }
    : { server };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: reached }],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  if (options.to !== undefined) {
    mkdirSync(dirname(options.to), { recursive: true });
    writePrivateFile(options.to, stringify(config));
    console.error(`Wrote ${options.to}`);
  }
  return config;
}

export interface TokenOptions {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
}

/** Proves the IAM identity. A minute is kept back of its time, for requests under way. Rejects with a UserError without AWS credentials. */
export async function identityToken({ cluster, region, roleArn }: TokenOptions): Promise<IdentityToken> {
  const own = await awsCredentials(region).catch((error: unknown) => {
    const why = errorText(error);
    throw new UserError(`no AWS credentials: sign in as you do for the aws command line (${why})`);
  });
  const credentials = roleArn === undefined ? own : await assumeRole(own, region, roleArn, fetch);
  const now = new Date();
  const token = createIamToken({ clusterName: cluster, region, credentials, now });
  return { token, expires: new Date(now.getTime() + (iamTokenSeconds - 60) * 1000) };
}

export async function printAwsToken(options: TokenOptions): Promise<void> {
  printCredential(await identityToken(options));
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
