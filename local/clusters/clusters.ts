// Keeps what there is of hosted clusters as the Cluster objects say: makes, copies, deletes, ends those whose time is over, and lets go of
// those that nobody uses. What counts is in the objects: whatever was half when the host died is finished, or swept, at its next start.

import { cpSync, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Definitions } from '../../core/api/definition.ts';
import {
  type AskedCluster,
  clusterFinalizer,
  clusterSubject,
  clusterType,
  isClusterName,
  readAsked,
} from '../../core/hosted/cluster-type.ts';
import { ensureClusterDefinition } from '../../core/hosted/ensure-definition.ts';
import { clustersPath } from '../../core/hosted/hosted-path.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import { notFound, StatusError } from '../../core/machinery/status.ts';
import { fieldAt } from '../../core/machinery/structure/field-at.ts';
import { formatTime } from '../../core/machinery/time.ts';
import type { Log } from '../../core/process/log.ts';
import { createClient } from '../../core/registry/client.ts';
import type { Registry } from '../../core/registry/registry.ts';
import type { Replicas } from '../../core/replica/replica.ts';
import type { ApiRequest } from '../../functions/apiserver/http.ts';
import { type Cluster, readCluster } from '../cluster.ts';
import { type ClusterLimits, mostRunning } from '../cluster-limits.ts';
import { processFiles, stopProcess } from '../process.ts';
import { type Hosted, hostedCluster, use } from './hosted.ts';
import { createKnocks } from './knocks.ts';
import { clusterDir, clusterDirs } from './made-cluster.ts';
import type { Work } from './messages.ts';

export interface ClustersOptions {
  readonly host: Cluster;
  readonly limits: ClusterLimits;
  /** The control plane's program, as a hosted cluster runs it too. */
  readonly program: string;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  readonly log: Log;
}

export interface Clusters {
  /** Throws NotFound. */
  find(name: string): Promise<Hosted>;
  /** It answers until the result is called, once. `by`: the request for which it is, where that is a client's. Throws StatusError. */
  use(hosted: Hosted, by?: ApiRequest): Promise<() => void>;
  /** Ends their processes. */
  close(): Promise<void>;
}

const self = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const lookMs = 2_000;
/** Processes that start at the same time: each takes a second of a core. */
const startsAtOnce = 2;

export async function openClusters(options: ClustersOptions): Promise<Clusters> {
  const { registry, definitions, replicas, log, limits, host } = options;
  const client = createClient(registry, definitions, self, 'zeroplane-clusters');
  await ensureClusterDefinition(registry, definitions);
  const replica = await replicas.of(clusterType);
  const byName = new Map<string, Hosted>();
  const removing = new Set<string>();
  const starts = gate(startsAtOnce);
  const knocks = createKnocks(Date.now);
  const most = mostRunning();
  let closed = false;

  const hosted = (asked: AskedCluster): Hosted =>
    hostedCluster(asked, {
      host,
      program: options.program,
      maximumBytes: limits.bytes,
      copyFrom: (name, folder) => copyFrom(name, folder),
      changed: (each) => void sayState(each),
    });

  /** What the object says now. */
  const take = (name: string, object: unknown | undefined) => {
    const asked = object === undefined ? undefined : readAsked(object);
    const known = byName.get(name);
    if (known && known.asked.uid === asked?.uid) Object.assign(known, { asked });
    else {
      if (known) byName.delete(name);
      if (asked) byName.set(name, hosted(asked));
      // Without its finalizer the object may go first.
      if (known) void removeAll(known);
    }
    const now = byName.get(name);
    if (!now || closed) return;
    if (now.asked.ending) void finish(now);
    else if (!now.asked.ready) void makeReady(now);
  };

  async function removeAll(each: Hosted): Promise<void> {
    const { uid, name } = each.asked;
    try {
      await each.remove();
      knocks.forget(uid);
    } catch (err) {
      log.error({ err, cluster: name, uid }, 'what is left of a deleted cluster cannot be removed: tried again');
    }
  }

  /** It is being deleted: everything of it first, then the object. */
  async function finish(each: Hosted): Promise<void> {
    const { name, uid } = each.asked;
    if (removing.has(uid)) return;
    removing.add(uid);
    try {
      await each.remove();
      knocks.forget(uid);
      await client.modify<KubeObject>(clusterType, '', name, {
        build(found) {
          const finalizers = found.metadata.finalizers ?? [];
          if (found.metadata.uid !== uid || !finalizers.includes(clusterFinalizer)) return undefined;
          return {
            ...found,
            metadata: { ...found.metadata, finalizers: finalizers.filter((one) => one !== clusterFinalizer) },
          };
        },
      });
    } catch (err) {
      if (!isGone(err)) log.error({ err, cluster: name }, 'a cluster cannot be deleted: tried again');
    } finally {
      removing.delete(uid);
    }
  }

  /** One that copies another is ready when it has; any other at once, since nothing of it is made before it is used. */
  async function makeReady(each: Hosted): Promise<void> {
    const { uid } = each.asked;
    if (removing.has(uid)) return;
    removing.add(uid);
    try {
      if (each.asked.from !== undefined) (await start(each))();
      await sayState(each, true);
    } catch (err) {
      if (!isGone(err)) {
        log.error({ err, cluster: each.asked.name }, 'a cluster could not be made: tried again');
        await sayState(each, false, err instanceof Error ? err.message : String(err)).catch(() => {});
      }
    } finally {
      removing.delete(uid);
    }
  }

  async function sayState(each: Hosted, ready?: boolean, why = ''): Promise<void> {
    if (closed) return;
    const { name, uid, expiresAt } = each.asked;
    const condition =
      ready === undefined
        ? undefined
        : { type: 'Ready', status: ready ? 'True' : 'False', reason: ready ? 'Served' : 'NotMade', message: why };
    try {
      await client.modify<KubeObject>(clusterType, '', name, {
        subresource: 'status',
        build(found) {
          if (found.metadata.uid !== uid || found.metadata.deletionTimestamp) return undefined;
          // as: only this writes it, and only into what the definition's schema knows.
          const before = (found['status'] ?? {}) as {
            conditions?: { type: string; status: string; message?: string }[];
          };
          const [was] = before.conditions ?? [];
          const same = !condition || (was?.status === condition.status && was.message === condition.message);
          const conditions = same ? before.conditions : [{ ...condition, lastTransitionTime: formatTime(Date.now()) }];
          return {
            ...found,
            status: {
              path: `${clustersPath}${name}`,
              state: each.process.running ? 'Running' : 'Idle',
              storedBytes: each.storedBytes(),
              ...(expiresAt !== undefined && { expirationTimestamp: formatTime(expiresAt) }),
              ...(conditions && { conditions }),
            },
          };
        },
      });
    } catch (err) {
      if (!isGone(err)) log.warn({ err, cluster: name }, 'the state of a cluster cannot be written down');
    }
  }

  async function start(each: Hosted, by?: ApiRequest): Promise<() => void> {
    const known = by === undefined || each.knows(by);
    if (each.process.running) return use(each, known);
    if (!known) knocks.knock(each.asked.uid);
    return starts(async () => {
      if (!each.process.running) await makeRoom(each, known);
      return use(each, known);
    });
  }

  /** As many run as the machine has memory for: whoever is unused the longest makes room, but for nobody whom no cluster knows. */
  async function makeRoom(wanted: Hosted, known: boolean): Promise<void> {
    const running = [...byName.values()].filter((each) => each !== wanted && each.process.running);
    if (running.length < most) return;
    const [longest] = running.filter(({ open }) => open === 0).sort((a, b) => a.usedAt - b.usedAt);
    if (!longest || !known)
      throw new StatusError(
        'ServiceUnavailable',
        `${most} clusters are in use on this machine, as many as it has memory for: try again`,
        {
          retryAfterSeconds: 10,
        },
      );
    await letGo(longest, await longest.process.work());
  }

  /** `work`: what it has to do. Where that is more than nothing, or not known, it is started again soon. */
  async function letGo(each: Hosted, work: Work | undefined): Promise<void> {
    each.sleepUntil(work?.quiet ? work.nextDue : Date.now());
    await each.process.stop();
  }

  async function copyFrom(name: string, folder: string): Promise<void> {
    const source = await find(name);
    const release = await use(source, true);
    try {
      const made = `${folder}.new`;
      await rm(made, { recursive: true, force: true });
      await mkdir(join(made, 'pki'), { recursive: true, mode: 0o700 });
      await source.process.copy(join(made, 'state.db'));
      const from = clusterDir(host.dataDir, source.asked.uid);
      cpSync(join(from, 'pki'), join(made, 'pki'), {
        recursive: true,
        // Those that open what is sealed in the copy; no other key of that cluster.
        filter: (file) => !/\.(?:key|crt|token)$/.test(file) || /encryption(?:-\d+)?\.key$/.test(file),
      });
      await rename(made, folder);
    } finally {
      release();
    }
  }

  async function find(name: string): Promise<Hosted> {
    if (!isClusterName(name)) throw notFound(clusterSubject, name);
    if (!byName.has(name)) await replica.catchUp();
    const found = byName.get(name);
    if (!found || found.asked.ending) throw notFound(clusterSubject, name);
    return found;
  }

  /** What is due by time, or was not done. */
  async function look(): Promise<void> {
    const now = Date.now();
    for (const each of [...byName.values()]) {
      const { asked, process, open } = each;
      if (asked.ending) void finish(each);
      else if (asked.expiresAt !== undefined && asked.expiresAt <= now) void expire(asked);
      else if (!asked.ready) void makeReady(each);
      else if (process.running && open === 0 && each.usedAt + limits.idleMs <= now) await endIdle(each, now);
      else if (!process.running && each.wakeAt !== undefined && each.wakeAt <= now) {
        each.wakeAt = undefined;
        await start(each).then(
          (release) => release(),
          (err: unknown) => log.warn({ err, cluster: asked.name }, 'a cluster that has something to do does not start'),
        );
      }
    }
  }

  async function endIdle(each: Hosted, now: number): Promise<void> {
    const work = await each.process.work();
    // Somebody may have asked for it meanwhile.
    if (!work?.quiet || each.open > 0) return;
    if (work.nextDue !== undefined && work.nextDue < now + limits.idleMs) return;
    await letGo(each, work);
  }

  async function expire({ name, uid }: AskedCluster): Promise<void> {
    try {
      if (await client.delete(clusterType, '', name, { preconditions: { uid } }))
        log.info({ cluster: name }, 'its time is over: deleted');
    } catch (err) {
      if (!isGone(err))
        log.error({ err, cluster: name }, 'a cluster whose time is over cannot be deleted: tried again');
    }
  }

  const unsubscribe = replica.onEvent(({ type, entry }) =>
    take(entry.name, type === 'DELETED' ? undefined : entry.object),
  );
  for (const { name, object } of replica.snapshot()) {
    take(name, object);
    const known = byName.get(name);
    // A host that ends says nothing any more.
    if (known && fieldAt(object, ['status', 'state']) === 'Running') void sayState(known);
  }
  await sweep();

  /** Folders of clusters that are gone. */
  async function sweep(): Promise<void> {
    const wanted = new Set([...byName.values()].map(({ asked }) => asked.uid));
    for (const name of clusterDirs(host.dataDir)) {
      if (wanted.has(name)) continue;
      const dataDir = clusterDir(host.dataDir, name);
      if (existsSync(dataDir) && readCluster(dataDir)) await stopProcess(processFiles(dataDir, 'control-plane'), 0);
      await rm(dataDir, { recursive: true, force: true });
      log.info({ uid: name }, 'what a deleted cluster left is removed');
    }
  }

  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch((err: unknown) => log.error({ err }, 'clusters could not be looked after'))
      .finally(() => {
        looking = undefined;
      });
  }, lookMs);
  timer.unref();

  return {
    find,
    use: start,
    async close() {
      closed = true;
      clearInterval(timer);
      unsubscribe();
      await looking;
      await Promise.all(
        [...byName.values()].map(async (each) => {
          if (each.process.running) await letGo(each, await each.process.work());
          else await each.process.stop();
        }),
      );
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof StatusError && error.reason === 'NotFound';
}

/** So many at a time; the others wait in their order. */
function gate(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
