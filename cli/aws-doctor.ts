// `zeroplane doctor --aws`: the account, and with --server the cluster that is deployed in it.

import { awsCredentials } from '../agent/queue/aws-credentials.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { CommandLineError } from '../core/process/command-line.ts';
import { accountFindings } from '../local/health/aws-account.ts';
import { lookFindings } from '../local/health/aws-looks.ts';
import { tellFindings } from '../local/health/finding.ts';
import { UserError } from '../local/user-error.ts';
import { identityToken } from './aws.ts';

export interface AwsDoctorOptions {
  readonly region: string;
  /** ApiUrl of the stack's outputs. */
  readonly server: string | undefined;
  readonly cluster: string | undefined;
  readonly roleArn: string | undefined;
  readonly json: boolean;
}

export async function awsDoctor({ region, server, cluster, roleArn, json }: AwsDoctorOptions): Promise<void> {
  if (server !== undefined && cluster === undefined)
    throw new CommandLineError('--cluster is missing: the identity is proved to one cluster, by its name');
  const credentials = await awsCredentials(region).catch((error: unknown) => {
    throw new UserError(`no AWS credentials: sign in as you do for the aws command line (${errorText(error)})`);
  });
  const findings = await accountFindings({ region, credentials, env: process.env });
  if (server !== undefined && cluster !== undefined) {
    const { token } = await identityToken({ cluster, region, ...(roleArn !== undefined && { roleArn }) });
    findings.push(...(await lookFindings({ server, authorization: `Bearer ${token}` })));
  }
  tellFindings(findings, { json });
}
