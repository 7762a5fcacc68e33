// Whom a kubeconfig talks to, and as whom: of its current context. Source: client-go, tools/clientcmd; KEP-541 (credential plugins).

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { errorText } from '../../core/machinery/error-text.ts';
import { parseJson } from '../../core/machinery/json.ts';
import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { CommandLineError } from '../../core/process/command-line.ts';
import { run } from '../../core/process/run.ts';
import type { ApiCredentials } from './api-client.ts';

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  readonly clusters?: readonly { name: string; cluster: Cluster }[];
  readonly users?: readonly { name: string; user: User }[];
}

interface Cluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
}

interface User {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly exec?: Plugin;
}

/** Many a program writes the lists that it has nothing for as null. */
interface Plugin {
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { name: string; value: string }[] | null;
}

const pluginTimeoutMs = 60_000;

/** Rejects with CommandLineError. */
export async function readKubeconfig(file: string): Promise<ApiCredentials> {
  // as: a kubeconfig; what is missing in it is told below.
  const config = parseYaml(read(file)) as Kubeconfig | null;
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user: User = config?.users?.find(({ name }) => name === context?.user)?.user ?? {};
  if (!cluster?.server) throw new CommandLineError(`--kubeconfig: ${file} has no current context with a cluster`);
  const { server } = cluster;
  const pem = (data: string | undefined, named: string | undefined) => {
    if (data) return Buffer.from(data, 'base64').toString();
    return named ? read(path.resolve(path.dirname(file), named)) : undefined;
  };
  const ca = pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = pem(user['client-certificate-data'], user['client-certificate']);
  const key = pem(user['client-key-data'], user['client-key']);
  const token = user.token ?? (user.exec && (await askPlugin(file, user.exec)));
  return {
    server: withoutEnd(server, '/'),
    ...(ca !== undefined && { ca }),
    ...(cert && key && { cert, key }),
    ...(token && { token }),
    ...(context?.namespace && { namespace: context.namespace }),
  };
}

async function askPlugin(file: string, { command = '', args, env }: Plugin): Promise<string> {
  const environment = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  // Of the environment such a plugin needs more than other programs: where the account's credentials are.
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const given = Object.fromEntries(own.map(([name, value]) => [name, value ?? '']));
  try {
    const { stdout } = await run(command, args ?? [], {
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
