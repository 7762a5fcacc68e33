// The CDK toolkit as a person runs it, against an endpoint: nothing of the surroundings' AWS configuration gets in.

import { spawn } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../local/user-error.ts';

const root = join(import.meta.dirname, '../../..');
const linesShown = 20;

/** Runs `cdk` with these arguments. Resolves with what it printed; throws UserError, with the end of that, where it fails. */
export type Cdk = (...args: readonly string[]) => Promise<string>;

export function cdkWith(env: Readonly<Record<string, string>>): Cdk {
  return async (...args) => {
    const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
    const quiet = ['--ci', '--no-color', '--no-notices'];
    const child = spawn(process.execPath, [cdk, ...args, ...quiet], {
      cwd: root,
      env: { ...withoutAws(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === 0) return output;
    const end = output.trimEnd().split('\n').slice(-linesShown).join('\n');
    throw new UserError(`\`cdk ${args[0]}\` ended with ${code}:\n${end}`);
  };
}

/** What AWS' clients read. The credentials are invented: whatever went past the endpoint could do nothing. */
export async function emulatorEnvironment(endpoint: URL, region: string): Promise<Record<string, string>> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: endpoint.origin,
    AWS_ENDPOINT_URL_S3: await addressOf(endpoint),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

/** S3's client puts a bucket's name before a host's, which resolves nowhere; before an address it does not. TLS needs the name. */
async function addressOf(endpoint: URL): Promise<string> {
  if (endpoint.protocol === 'https:') return endpoint.origin;
  const { address } = await lookup(endpoint.hostname.replace(/^\[|\]$/g, ''), { family: 4 }).catch((error: Error) => {
    throw new UserError(
      `--deploy-endpoint ${endpoint.origin}: ${endpoint.hostname} has no IPv4 address (${error.message})`,
    );
  });
  return `http://${address}${endpoint.port && `:${endpoint.port}`}`;
}

function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(AWS|CDK)_/.test(name)));
}
