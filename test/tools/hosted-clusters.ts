// Clusters that a control plane of the tests hosts, as their users make them: `zeroplane cluster ...`, and kubectl with what it prints.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';

export interface HostedCluster {
  readonly name: string;
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  /** Its folder on the host. */
  readonly dataDir: string;
}

export async function createHosted(host: ControlPlane, name: string, ...flags: string[]): Promise<HostedCluster> {
  const kubeconfig = join(host.dataDir, `${name}.kubeconfig`);
  const { code, stderr } = await host.zeroplane('cluster', 'create', name, '--file', kubeconfig, ...flags);
  if (code !== 0) throw new Error(`cluster create ${name} exited ${code}: ${stderr}`);
  const uid = await host.kubectl('get', 'cluster', name, '-o', 'jsonpath={.metadata.uid}');
  return { name, kubeconfig, kubectl: kubectlFor(kubeconfig), dataDir: join(host.dataDir, 'clusters', uid) };
}

/** The uids of clusters of which there is anything. */
export function hostedFolders(host: ControlPlane): string[] {
  const folder = join(host.dataDir, 'clusters');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Of the process whose pid stands in a data directory, whether it runs. */
export function isRunning(dataDir: string): boolean {
  const file = join(dataDir, 'run', 'control-plane.pid');
  if (!existsSync(file)) return false;
  const [pid = ''] = readFileSync(file, 'utf8').split(' ');
  return existsSync(`/proc/${pid}/stat`);
}

export interface Credential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Asked extends Credential {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends exactly that path, as no client library would. */
export function askRaw(
  host: Pick<ControlPlane, 'url' | 'caCertificate'>,
  { path, token, cert, key, method = 'GET', headers = {} }: Asked,
) {
  const { hostname, port } = new URL(host.url);
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(
      {
        ...{ host: hostname, port, path, method, ca: host.caCertificate, agent: false },
        ...(cert !== undefined && { cert, key }),
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end();
  });
}
