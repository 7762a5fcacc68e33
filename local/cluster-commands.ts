// `zeroplane cluster ...`: asks the host's API as whoever the kubeconfig says. What the answer means is RBAC's to say.

import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type ApiClient, ApiError } from '../agent/api-client/api-client.ts';
import { clusterGroup, isClusterName, kubeconfigSubresource, readAsked } from '../core/hosted/cluster-type.ts';
import { clustersPath } from '../core/hosted/hosted-path.ts';
import { fieldAt } from '../core/machinery/structure/field-at.ts';
import { shortHumanDuration } from '../core/machinery/time.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import { type ClusterApiOptions, withClusterApi } from './nodes/cluster-api.ts';
import { UserError } from './user-error.ts';

const collection = `/apis/${clusterGroup}/v1/clusters`;

export interface CreateOptions extends ClusterApiOptions {
  readonly ttlMs: number | undefined;
  readonly from: string | undefined;
  /** Where its kubeconfig is written; undefined: nowhere. */
  readonly file: string | undefined;
}

export interface CreatedCluster {
  readonly name: string;
  readonly server: string;
  readonly seconds: number;
  /** Where it is written; else as it is. */
  readonly file?: string;
  readonly kubeconfig?: string;
}

/** Returns when it answers. */
export async function createCluster(
  name: string,
  { ttlMs, from, file, ...options }: CreateOptions,
): Promise<CreatedCluster> {
  const at = checkedPath(name);
  const began = performance.now();
  return await withClusterApi(options, async (api) => {
    const spec = {
      ...(ttlMs !== undefined && { ttlSeconds: Math.ceil(ttlMs / 1000) }),
      ...(from !== undefined && { from }),
    };
    await served(
      api.json('POST', collection, {
        body: { apiVersion: `${clusterGroup}/v1`, kind: 'Cluster', metadata: { name }, spec },
      }),
    );
    await ready(api, name, at);
    const config = await kubeconfigOf(api, name);
    const seconds = (performance.now() - began) / 1000;
    const server = `${api.credentials.server}${clustersPath}${name}`;
    console.error(`cluster ${name} is up after ${seconds.toFixed(1)} s, at ${server}`);
    if (ttlMs !== undefined) console.error(`It is deleted in ${shortHumanDuration(ttlMs)}.`);
    console.error(
      'It has no nodes: its control plane answers, and pods stay Pending. On a host that is no AWS, machines join it: `zeroplane node token`.',
    );
    if (file === undefined) return { name, server, seconds, kubeconfig: config };
    writePrivateFile(file, config);
    console.error(`\n  export KUBECONFIG=${file}\n  kubectl get namespaces`);
    return { name, server, seconds, file };
  });
}

/** As YAML. */
export async function clusterKubeconfig(name: string, options: ClusterApiOptions): Promise<string> {
  checkedPath(name);
  return await withClusterApi(options, (api) => kubeconfigOf(api, name));
}

export async function deleteCluster(name: string, options: ClusterApiOptions): Promise<void> {
  const at = checkedPath(name);
  await withClusterApi(options, async (api) => {
    const uid = fieldAt(await served(api.json('GET', at)), ['metadata', 'uid']);
    await api.json('DELETE', at, { body: { preconditions: { uid } } });
    // Its object goes when all else of it has.
    await until(name, async () => {
      const { status, text } = await api.request('GET', at);
      return status === 404 || (status === 200 && !text.includes(String(uid)));
    });
    console.error(`cluster ${name} and all that was in it is deleted`);
  });
}

export async function listClusters(options: ClusterApiOptions & { json: boolean }): Promise<void> {
  await withClusterApi(options, async (api) => {
    const found = fieldAt(await served(api.json('GET', collection)), ['items']);
    const items: readonly unknown[] = Array.isArray(found) ? found : [];
    if (options.json) return console.log(JSON.stringify(items, null, 2));
    if (items.length === 0) return console.error('no clusters: `zeroplane cluster create NAME` makes one');
    const rows = [['NAME', 'READY', 'STATE', 'STORED', 'ENDS IN'], ...items.map(row)];
    for (const each of rows)
      console.log(each.map((cell, at) => (at < 4 ? cell.padEnd(at === 0 ? 24 : 10) : cell)).join(''));
  });
}

function row(item: unknown): string[] {
  const asked = readAsked(item);
  const bytes = fieldAt(item, ['status', 'storedBytes']);
  return [
    asked?.name ?? '?',
    asked?.ready ? 'True' : 'False',
    asked?.ending ? 'Deleting' : String(fieldAt(item, ['status', 'state']) ?? '-'),
    typeof bytes === 'number' ? `${(bytes / 1e6).toFixed(1)} MB` : '-',
    asked?.expiresAt === undefined ? 'never' : shortHumanDuration(Math.max(0, asked.expiresAt - Date.now())),
  ];
}

function checkedPath(name: string): string {
  if (isClusterName(name)) return `${collection}/${name}`;
  throw new UserError(
    `${JSON.stringify(name)} is no name for a cluster: give at most 40 small letters, digits and '-', a letter or digit first and last`,
  );
}

/** By the URL and the authority that this command itself reaches the host by. */
async function kubeconfigOf(api: ApiClient, name: string): Promise<string> {
  // as: what kubeconfig-responder.ts makes.
  const config = await served(
    api.json<{ clusters: { cluster: Record<string, string> }[] }>(
      'POST',
      `${collection}/${name}/${kubeconfigSubresource}`,
      { timeoutMs: 90_000 },
    ),
  );
  const { server, ca } = api.credentials;
  const cluster = {
    server: `${server}${clustersPath}${name}`,
    ...(ca !== undefined && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
  };
  return stringify({ ...config, clusters: [{ name, cluster }] });
}

async function ready(api: ApiClient, name: string, at: string): Promise<void> {
  await until(name, async () => readAsked(await api.json('GET', at))?.ready);
}

/** It may be copying a large one. */
const longestMs = 10 * 60_000;

async function until(name: string, done: () => Promise<boolean | undefined>): Promise<void> {
  // Where it is far away each look costs something, and takes as long as several near by.
  let pauseMs = 50;
  for (const deadline = Date.now() + longestMs; Date.now() < deadline; await delay(pauseMs)) {
    if (await done()) return;
    pauseMs = Math.min(500, pauseMs * 1.2);
  }
  throw new UserError(`cluster ${name} is not there yet: \`kubectl describe cluster ${name}\` says why`);
}

/** A cluster that hosts none has no such type. */
async function served<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404 && /page not found|requested resource/.test(error.message))
      throw new UserError(
        'this API server hosts no clusters: `zeroplane up` on a machine does, and `cdk deploy` without `-c clusters=0` (docs/clusters.md)',
      );
    throw error;
  }
}
