// The API of the cluster whose nodes an administrator looks after: of a kubeconfig, else of the cluster on this machine.

import { type ApiClient, ApiError, createApiClient, UnreachableError } from '../../agent/api-client/api-client.ts';
import { readKubeconfig } from '../../agent/api-client/kubeconfig.ts';
import { readCluster } from '../cluster.ts';
import { UserError } from '../user-error.ts';

export interface ClusterApiOptions {
  readonly dataDir: string;
  readonly kubeconfig: string | undefined;
}

/** Whether it is the one that `up` started here. */
export function isOwnCluster({ dataDir, kubeconfig }: ClusterApiOptions): boolean {
  const own = readCluster(dataDir)?.kubeconfig;
  return own !== undefined && (kubeconfig ?? (process.env['KUBECONFIG'] || own)) === own;
}

/** Rejects with UserError what `work` was refused, and CommandLineError. */
export async function withClusterApi<T>(
  { dataDir, kubeconfig }: ClusterApiOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const file = kubeconfig ?? (process.env['KUBECONFIG'] || readCluster(dataDir)?.kubeconfig);
  if (file === undefined)
    throw new UserError(
      `no cluster in ${dataDir}: start one with \`zeroplane up\`, or name another's with --kubeconfig or KUBECONFIG`,
    );
  const api = createApiClient(await readKubeconfig(file));
  try {
    return await work(api);
  } catch (error) {
    if (error instanceof UnreachableError)
      throw new UserError(`${error.message}: is the cluster up? \`zeroplane status\` says how it is`);
    if (error instanceof ApiError)
      throw new UserError(
        `the cluster refused it: ${error.message}${error.code === 403 ? ': `kubectl auth can-i --list` says what you may' : ''}`,
      );
    throw error;
  } finally {
    api.close();
  }
}
