// Whom a kubeconfig talks to, and as whom: of its current context. Source: client-go, tools/clientcmd; KEP-541 (credential plugins).

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { errorText } from '../../core/machinery/error-text.ts';
import { parseJson } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { CommandLineError } from '../../core/process/command-line.ts';
import { run } from '../../core/process/run.ts';
import type { ApiCredentials } from './api-client.ts';

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string } }[];
  readonly clusters?: readonly { name: string; cluster: Readonly<Record<string, string>> }[];
  readonly users?: readonly { name: string; user: User }[];
}

type User = Readonly<Record<string, string>>;

interface Plugin {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { name: string; value: string }[];
}

const pluginTimeoutMs = 60_000;

/** Rejects with CommandLineError. */
export async function readKubeconfig(file: string): Promise<ApiCredentials> {
  // as: a kubeconfig; what is missing in it is told below.
  const config = parseYaml(read(file)) as Kubeconfig | null;
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config?.users?.find(({ name }) => name === context?.user)?.user ?? {};
  const server = cluster && getOwn(cluster, 'server');
  if (!cluster || !server) throw new CommandLineError(`--kubeconfig: ${file} has no current context with a cluster`);
  const pem = (of: Readonly<Record<string, string>>, name: string) => {
    const data = getOwn(of, `${name}-data`);
    const named = getOwn(of, name);
    if (data) return Buffer.from(data, 'base64').toString();
    return named ? read(path.resolve(path.dirname(file), named)) : undefined;
  };
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  // as: it is the one field that is no text.
  const plugin = getOwn(user, 'exec') as unknown as Plugin | undefined;
  const token = getOwn(user, 'token') ?? (plugin && (await askPlugin(file, plugin)));
  return {
    server: server.replace(/\/+$/, ''),
    ...(ca !== undefined && { ca }),
    ...(cert && key && { cert, key }),
    ...(token && { token }),
  };
}

async function askPlugin(file: string, { command = '', args = [], env = [] }: Plugin): Promise<string> {
  const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  // Of the environment such a plugin needs more than other programs: where the account's credentials are.
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const given = Object.fromEntries(own.map(([name, value]) => [name, value ?? '']));
  try {
    const { stdout } = await run(command, args, {
      timeoutMs: pluginTimeoutMs,
      environment: { ...given, ...environment },
    });
    // as: an ExecCredential.
    const { status } = parseJson(stdout) as { status?: { token?: string } };
    if (status?.token) return status.token;
  } catch (error) {
    throw new CommandLineError(`--kubeconfig: the credential plugin of ${file} failed: ${errorText(error)}`);
  }
  throw new CommandLineError(`--kubeconfig: the credential plugin of ${file} gave no token`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandLineError(`--kubeconfig: cannot read ${file}: ${errorText(error)}`);
  }
}
