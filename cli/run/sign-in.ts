// As whom `zeroplane run` talks to which cluster: a kubeconfig's user, or a server with a token that is given or the pipeline's own.

import { existsSync, readFileSync } from 'node:fs';
import type { ApiCredentials } from '../../agent/api-client/api-client.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { CommandLineError } from '../../core/process/command-line.ts';
import { UserError } from '../../local/user-error.ts';
import type { SignIn } from './cluster-connection.ts';
import { pipelineToken } from './pipeline-token.ts';

export interface SignInOptions {
  readonly kubeconfig: string | undefined;
  /** Used where neither a kubeconfig nor a server is named. */
  readonly dataDir: string;
  readonly server: string | undefined;
  readonly certificateAuthority: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly oidc: boolean;
  readonly audience: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CommandLineError for flags that contradict each other. What it gives rejects with UserError and CommandLineError. */
export function signInWith(options: SignInOptions, env: Environment): SignIn {
  const server = options.server ?? env['ZEROPLANE_SERVER'];
  const ways = [
    options.token !== undefined && '--token',
    options.tokenFile !== undefined && '--token-file',
    options.oidc && '--oidc',
  ].filter((each) => each !== false);
  if (ways.length > 1) throw new CommandLineError(`${ways.join(' and ')} contradict each other: give one of them`);
  if (server === undefined) {
    if (ways.length > 0 || options.certificateAuthority !== undefined)
      throw new CommandLineError(`${ways[0] ?? '--certificate-authority'} needs --server: name the API server's URL`);
    return () => kubeconfigOf(options, env);
  }
  if (options.kubeconfig !== undefined)
    throw new CommandLineError('--server and --kubeconfig contradict each other: give one of them');
  if (!/^https:\/\//.test(server) || !URL.canParse(server))
    throw new CommandLineError(`--server: give a URL that begins with https://, not ${JSON.stringify(server)}`);
  if (ways.length === 0)
    throw new CommandLineError('--server needs --oidc (the pipeline’s own token), --token-file or --token');
  const ca = options.certificateAuthority;
  return async () => ({
    server: withoutEnd(server, '/'),
    ...(ca !== undefined && { ca: read('--certificate-authority', ca) }),
    token: await tokenOf(options, env),
  });
}

async function tokenOf({ token, tokenFile, audience }: SignInOptions, env: Environment): Promise<string> {
  const found =
    token ?? (tokenFile === undefined ? await pipelineToken(env, audience) : read('--token-file', tokenFile).trim());
  if (found === '' || /[^\x21-\x7e]/.test(found))
    throw new CommandLineError(`${token === undefined ? '--token-file' : '--token'}: this is no token`);
  return found;
}

async function kubeconfigOf({ kubeconfig, dataDir }: SignInOptions, env: Environment): Promise<ApiCredentials> {
  const file = kubeconfig ?? (env['KUBECONFIG'] || (await ofThisMachine(dataDir)) || ofKubectl());
  // Loaded here: who signs in by a token needs no YAML.
  const { readKubeconfig } = await import('../../agent/api-client/kubeconfig.ts');
  if (file !== undefined) return readKubeconfig(file);
  throw new UserError(
    'which cluster? Name one with --kubeconfig or KUBECONFIG, or with --server and --oidc; to start one here: `zeroplane up --detach`',
  );
}

async function ofThisMachine(dataDir: string): Promise<string | undefined> {
  return (await import('../../local/cluster.ts')).readCluster(dataDir)?.kubeconfig;
}

/** kubectl's place. */
function ofKubectl(): string | undefined {
  const file = `${process.env['HOME'] ?? ''}/.kube/config`;
  return existsSync(file) ? file : undefined;
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandLineError(`${flag}: cannot read ${file}: ${errorText(error)}`);
  }
}
