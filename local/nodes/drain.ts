// `zeroplane node drain` and `remove`: a node gives its pods away, by eviction, so that their budgets hold; and leaves the cluster.
// Source: kubectl drain.

import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, ApiError } from '../../agent/api-client/api-client.ts';
import { leavesDrainedNode } from '../../core/node/draining.ts';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { readCluster } from '../cluster.ts';
import { sayProgress } from '../progress.ts';
import { UserError } from '../user-error.ts';
import { type ClusterApiOptions, isOwnCluster, withClusterApi } from './cluster-api.ts';

export interface DrainOptions extends ClusterApiOptions {
  /** Pods go that nobody makes again, and what is in emptyDir volumes. */
  readonly force: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const askAgainMs = 1000;

export async function drainNode(name: string, options: DrainOptions): Promise<void> {
  await withClusterApi(options, async (api) => {
    await nodeNamed(api, name);
    await drain(api, name, options);
  });
}

export async function removeNode(name: string, options: DrainOptions): Promise<void> {
  await withClusterApi(options, async (api) => {
    const node = await nodeNamed(api, name);
    refuseOwnNode(node, options);
    const alive = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (alive) await drain(api, name, options);
    else if (!options.force)
      throw new UserError(
        `node ${name} is not Ready, so that nobody can say whether its pods have ended. If its machine is gone, or off: --force`,
      );
    const { uid } = node.metadata ?? {};
    await api.json('DELETE', nodePath(name), { body: { preconditions: { uid } } });
  });
}

/** The node that `up` runs goes with `down`. */
function refuseOwnNode({ metadata }: V1Node, options: ClusterApiOptions): void {
  if (!isOwnCluster(options) || readCluster(options.dataDir)?.nodeName !== metadata?.name) return;
  throw new UserError(
    `node ${metadata?.name} is this machine, which \`up\` makes a node again: use \`zeroplane down\``,
  );
}

async function nodeNamed(api: ApiClient, name: string): Promise<V1Node> {
  try {
    return await api.json<V1Node>('GET', nodePath(name));
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
    throw new UserError(`there is no node ${JSON.stringify(name)}: \`zeroplane node list\` says which there are`);
  }
}

function nodePath(name: string): string {
  return `/api/v1/nodes/${encodeURIComponent(name)}`;
}

async function drain(api: ApiClient, name: string, { force, timeout }: DrainOptions): Promise<void> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.json('PATCH', nodePath(name), { body: { spec: { unschedulable: true } }, headers });
  const podsOf = async () => {
    const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${name}` });
    return (await api.json<{ items: V1Pod[] }>('GET', `/api/v1/pods?${query}`)).items.filter(leavesDrainedNode);
  };
  let left = await podsOf();
  const kept = force ? [] : left.flatMap((pod) => lossOf(pod) ?? []);
  if (kept.length > 0)
    throw new UserError(`--force is needed, for what would be lost:\n${kept.map((each) => `  ${each}`).join('\n')}`);
  const deadline = Date.now() + timeout;
  let said = '';
  while (left.length > 0) {
    const waits = (await Promise.all(left.map((pod) => evict(api, pod)))).filter((why) => why !== undefined);
    const line = waits[0] ?? `waits for ${left.length} pods to end`;
    if (line !== said) sayProgress(line);
    said = line;
    if (Date.now() > deadline)
      throw new UserError(
        `node ${name} still has ${left.map(nameOf).join(', ')}: ${line}. Try again, or with a longer --timeout`,
      );
    await delay(askAgainMs);
    left = await podsOf();
  }
}

/** What goes for ever with a pod; undefined: nothing. */
function lossOf(pod: V1Pod): string | undefined {
  if (!pod.metadata?.ownerReferences?.some(({ controller }) => controller))
    return `${nameOf(pod)}: nobody makes it again`;
  const volume = pod.spec?.volumes?.find(({ emptyDir }) => emptyDir);
  return volume && `${nameOf(pod)}: what is in its emptyDir volume ${volume.name}`;
}

/** Why not yet; undefined: it goes. */
async function evict(api: ApiClient, pod: V1Pod): Promise<string | undefined> {
  const { namespace = '', name = '', uid, deletionTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp) return undefined;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const deleteOptions = { preconditions: { uid } };
  try {
    await api.json('POST', path, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions },
    });
  } catch (error) {
    // Gone, or another by that name.
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return undefined;
    if (error instanceof ApiError && error.code === 429) return `${nameOf(pod)} must wait: ${error.message}`;
    throw error;
  }
  return undefined;
}

function nameOf({ metadata }: V1Pod): string {
  return `pod ${metadata?.namespace}/${metadata?.name}`;
}
