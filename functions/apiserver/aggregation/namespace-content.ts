// What extension API servers keep in a namespace that ends: deleted, and told to the namespace controller by a condition, since only the
// API server reaches those servers.

import { errorText } from '../../../core/machinery/error-text.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Client } from '../../../core/registry/client.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { V1Namespace } from '../../../generated/kubernetes.ts';
import type { Activity } from './activity.ts';
import type { ExtensionServer } from './extension-server.ts';
import type { Timers } from './options.ts';

type Namespace = Stored<'namespaces'>;

export interface NamespaceContentOptions {
  readonly replicas: Replicas;
  readonly client: Client;
  readonly servers: () => readonly ExtensionServer[];
  readonly log?: Log | undefined;
  readonly now: () => Date;
  readonly activity: Activity;
  readonly timers: Timers;
}

/** The namespace controller looks for this condition of a namespace (functions/controllers/namespace.ts). */
const conditionType = 'AggregatedContentDeleted';

const firstPauseMs = 500;
const longestPauseMs = 30_000;

export interface NamespaceContent {
  /** Looks at all namespaces again: another server can be reached. */
  again(): void;
  close(): void;
}

export async function emptyNamespaces(options: NamespaceContentOptions): Promise<NamespaceContent> {
  const { client, servers, log, now, activity, timers } = options;
  const replica = await options.replicas.of('namespaces');
  const running = new Set<string>();
  let closed = false;

  const empty = async (name: string, uid: string | undefined) => {
    for (let pause = firstPauseMs; !closed; pause = Math.min(longestPauseMs, pause * 2)) {
      const remaining = await contentOf(servers(), name);
      await replica.catchUp();
      const namespace = replica.get(name)?.object;
      if (!namespace || namespace.metadata.uid !== uid) return;
      const done = remaining.length === 0;
      const condition = done
        ? { status: 'True', reason: 'ContentDeleted', message: 'Nothing is left on other API servers' }
        : { status: 'False', reason: 'SomeResourcesRemain', message: remaining.join(', ') };
      const written = await write(client, namespace, condition, formatTime(now()));
      if (done && written) return;
      await activity.pause(pause, timers);
    }
  };
  const consider = (object: V1Namespace) => {
    const { name = '', uid, deletionTimestamp } = object.metadata ?? {};
    if (!deletionTimestamp || running.has(name) || servers().length === 0) return;
    if (object.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True')) return;
    running.add(name);
    activity
      .run(() => empty(name, uid))
      .catch((err: unknown) =>
        log?.error({ err, namespace: name }, 'a namespace could not be emptied on other API servers'),
      )
      .finally(() => running.delete(name));
  };
  const stop = replica.onEvent(({ type, entry }) => {
    if (type !== 'DELETED') consider(entry.object);
  });
  const again = () => {
    for (const entry of replica.snapshot()) consider(entry.object);
  };
  again();
  return {
    again,
    close() {
      closed = true;
      stop();
    },
  };
}

/** Asks for the deletion of everything, and says what is still there. */
async function contentOf(servers: readonly ExtensionServer[], namespace: string): Promise<string[]> {
  const found = await Promise.all(servers.map((server) => contentOfServer(server, namespace)));
  return found.flat();
}

async function contentOfServer(server: ExtensionServer, namespace: string): Promise<string[]> {
  const { group = '', version = '' } = server.spec;
  if (server.availability?.status !== 'True')
    return [
      `the server behind APIService ${server.name} is not available: ${server.availability?.message ?? 'not reached yet'}`,
    ];
  const remaining: string[] = [];
  for (const { name, namespaced, verbs } of server.resources) {
    if (!namespaced || name.includes('/') || !verbs.includes('list') || !verbs.includes('delete')) continue;
    const path = `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${name}`;
    try {
      const items = await namesIn(server, path);
      if (items.length === 0) continue;
      if (verbs.includes('deletecollection')) await server.fetch('DELETE', path);
      else for (const each of items) await server.fetch('DELETE', `${path}/${encodeURIComponent(each)}`);
      const left = (await namesIn(server, path)).length;
      if (left > 0) remaining.push(`${name}.${group} has ${left} resource instances`);
    } catch (error) {
      remaining.push(`${name}.${group}: ${errorText(error)}`);
    }
  }
  return remaining;
}

async function namesIn(server: ExtensionServer, path: string): Promise<string[]> {
  const { status, body } = await server.fetch('GET', path);
  if (status === 404 || status === 405) return [];
  const { items } = (body ?? {}) as { items?: { metadata?: { name?: string } }[] };
  if (status !== 200 || !Array.isArray(items))
    throw new Error(`the server behind APIService ${server.name} answered ${status}`);
  return items.flatMap(({ metadata }) => (typeof metadata?.name === 'string' ? [metadata.name] : []));
}

/** False when the namespace is gone. */
async function write(
  client: Client,
  namespace: Namespace,
  next: { status: string; reason: string; message: string },
  time: string,
): Promise<boolean> {
  const { name = '', uid } = namespace.metadata;
  let there = true;
  try {
    await client.modify<Namespace>('namespaces', '', name, {
      subresource: 'status',
      build({ status, ...found }) {
        there = found.metadata.uid === uid;
        const before = status?.conditions?.find(({ type }) => type === conditionType);
        if (!there || (before?.status === next.status && before.message === next.message)) return undefined;
        const others = (status?.conditions ?? []).filter(({ type }) => type !== conditionType);
        const conditions = [...others, { type: conditionType, ...next, lastTransitionTime: time }];
        return { ...found, status: { ...status, conditions } };
      },
    });
    return there;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}
