// The servers behind all APIServices that name one: looked at when something about them changes and from time to time, their condition
// written to the APIService, and emptied of what is in a namespace that ends.

import type { ExtensionVersion } from '../../../core/api/extensions.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import { createClient } from '../../../core/registry/client.ts';
import { replicaLookups } from '../../../core/registry/lookup.ts';
import type { Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { Store } from '../../../core/store/store.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import { createActivity } from './activity.ts';
import { apiServerUser, writeCondition } from './available-condition.ts';
import { type Availability, createExtensionServer, type ExtensionServer } from './extension-server.ts';
import { emptyNamespaces, type NamespaceContent } from './namespace-content.ts';
import type { AggregationOptions, ExtensionServers, Timers } from './options.ts';
import { availabilityOf, forgetRemembered, lookedAt, type Remembered, remember, rememberedType } from './remembered.ts';

export interface FollowOptions extends AggregationOptions {
  /** Default: the process'. */
  readonly timers?: Timers;
  /** Where what was found outlives this process, and others read it. Servers that are there are not looked at by time then. */
  readonly memory?: Store;
}

export interface FollowedServers extends ExtensionServers {
  /** Resolves when nothing is being looked at or emptied. */
  idle(): Promise<void>;
}

/** How often a server that is there is looked at again. */
const steadyMs = 30_000;
/** After the first failure, doubled with each until it is the longest. */
const firstPauseMs = 500;
/** The longest where a look costs. */
const longestPauseMs = 300_000;

const processTimers: Timers = {
  setTimeout: (callback, ms) => setTimeout(callback, ms).unref(),
  // as: what setTimeout above gave out.
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
};

interface Followed {
  readonly server: ExtensionServer;
  readonly uid: string;
  failures: number;
  looking: boolean;
  /** Something changed while it was looked at. */
  again: boolean;
  timer: unknown;
  /** What another process found may count. */
  isNew: boolean;
}

/** `changed` is called after anything that discovery tells has changed. */
export function followExtensionServers(
  options: FollowOptions,
  replica: Replica<Stored<'apiregistration.k8s.io/apiservices'>>,
  changed: () => void,
): FollowedServers {
  const { replicas, registry, definitions, log, now, memory, timers = processTimers } = options;
  const lookups = { ...replicaLookups(replicas), random: Math.random };
  const client = createClient(registry, definitions, apiServerUser);
  const activity = createActivity();
  const followed = new Map<string, Followed>();
  const stops: (() => void)[] = [];
  let namespaces: NamespaceContent | undefined;
  let closed = false;

  const follow = (name: string, service: V1APIService) => {
    const { metadata, spec } = service;
    const known = followed.get(name);
    if (known && spec && sameSpec(known.server.spec, spec) && known.uid === metadata?.uid) return hear(known, service);
    forget(name);
    if (!spec?.service) return;
    const server = createExtensionServer(name, spec, { ...options, lookups, keepsConnections: true });
    followed.set(name, {
      server,
      uid: metadata?.uid ?? '',
      failures: 0,
      looking: false,
      again: false,
      timer: undefined,
      isNew: true,
    });
    look(name);
  };
  /** Somebody else may have found that it is there no more, or is again. */
  const hear = ({ server, looking }: Followed, service: V1APIService) => {
    const said = availabilityOf(service);
    if (!memory || looking || said?.status === server.availability?.status) return;
    look(server.name);
  };
  const forget = (name: string) => {
    const known = followed.get(name);
    if (!known) return;
    timers.clearTimeout(known.timer);
    known.server.close();
    followed.delete(name);
    changed();
  };
  const look = (name: string) => {
    const each = followed.get(name);
    if (!each || closed) return;
    if (each.looking) {
      each.again = true;
      return;
    }
    timers.clearTimeout(each.timer);
    each.looking = true;
    void activity.run(async () => {
      await lookAt(each).catch((err: unknown) => {
        each.failures += 1;
        log?.error({ err, apiService: name }, 'an extension API server could not be looked at');
      });
      each.looking = false;
      if (closed || followed.get(name) !== each) return;
      const pause = pauseAfter(each.failures, memory !== undefined);
      const { again } = each;
      each.again = false;
      if (again) look(name);
      else if (pause !== undefined) each.timer = timers.setTimeout(() => look(name), pause);
    });
  };
  const lookAt = async (each: Followed) => {
    const { server, uid } = each;
    const of = memory && (await lookedAt(lookups, { metadata: { uid }, spec: server.spec }));
    if (of !== undefined && each.isNew && (await recall(server, of))) return;
    each.isNew = false;
    const before = server.availability;
    const shown = JSON.stringify([server.resources, server.openApiUrl]);
    const availability = await server.look();
    each.failures = failuresAfter(each.failures, availability, memory !== undefined);
    if (before?.status !== availability.status || shown !== JSON.stringify([server.resources, server.openApiUrl]))
      changed();
    if (before?.status !== availability.status) namespaces?.again();
    try {
      if (memory && of !== undefined && availability.status === 'True') await remember(memory, of, server);
      await writeCondition(client, replica, { name: server.name, uid, availability }, formatTime(now()));
    } catch (err) {
      log?.error({ err, apiService: server.name }, 'the condition of an APIService could not be written');
    }
  };
  /** Whether another process saw it as it is now, and available. */
  const recall = async (server: ExtensionServer, of: string): Promise<boolean> => {
    const service = replica.get(server.name)?.object;
    const availability = service && availabilityOf(service);
    if (availability?.status !== 'True') return false;
    // as: what is stored under the type is written by `remember` alone.
    const kept = (await replicas.of(rememberedType)).get(server.name)?.object as Remembered | undefined;
    if (kept?.of !== of) return false;
    server.learn({ ...kept, availability });
    changed();
    namespaces?.again();
    return true;
  };
  const lookBehind = (namespace: string, service: string) => {
    for (const [name, { server }] of followed)
      if (server.spec.service?.namespace === namespace && server.spec.service.name === service) look(name);
  };

  const start = async () => {
    const [services, slices] = await Promise.all([
      replicas.of('services'),
      replicas.of('discovery.k8s.io/endpointslices'),
    ]);
    if (closed) return;
    stops.push(
      services.onEvent(({ entry }) => {
        const [namespace = '', name = ''] = entry.name.split('/');
        lookBehind(namespace, name);
      }),
      slices.onEvent(({ entry }) => {
        const { metadata } = entry.object;
        lookBehind(metadata?.namespace ?? '', metadata?.labels?.['kubernetes.io/service-name'] ?? '');
      }),
    );
    const servers = () => [...followed.values()].map(({ server }) => server);
    namespaces = await emptyNamespaces({ replicas, client, servers, log, now, activity, timers });
    if (closed) namespaces.close();
  };
  stops.push(
    replica.onEvent(({ type, entry }) => {
      if (type !== 'DELETED') return follow(entry.name, entry.object);
      forget(entry.name);
      if (memory && entry.object.spec?.service)
        void activity
          .run(() => forgetRemembered(memory, entry.name))
          .catch((err: unknown) => log?.warn({ err }, 'what an extension API server serves was not forgotten'));
    }),
  );
  for (const entry of replica.snapshot()) follow(entry.name, entry.object);
  activity
    .run(start)
    .catch((err: unknown) => log?.error({ err }, 'the Services of extension API servers are not followed'));

  const servers = () => [...followed.values()].map(({ server }) => server);
  return {
    find: (name) => followed.get(name)?.server,
    versions: () => versionsOf(servers()),
    v3Paths: () => v3PathsOf(servers()),
    v2: () => v2Of(servers()),
    idle: activity.idle,
    close() {
      closed = true;
      for (const stop of stops) stop();
      namespaces?.close();
      for (const name of [...followed.keys()]) forget(name);
    },
  };
}

/** A Service that leads nowhere is reported by an event when it does; a server that comes up says nothing. */
function failuresAfter(before: number, { status, reason }: Availability, remembers: boolean): number {
  if (status === 'True') return 0;
  if (reason === 'FailedDiscoveryCheck') return before + 1;
  return remembers ? 0 : 1;
}

/** undefined: something will say when there is a reason to look. */
function pauseAfter(failures: number, remembers: boolean): number | undefined {
  if (failures === 0) return remembers ? undefined : steadyMs;
  return Math.min(remembers ? longestPauseMs : steadyMs, firstPauseMs * 2 ** (failures - 1));
}

export function versionsOf(servers: readonly ExtensionServer[]): ExtensionVersion[] {
  return servers.map(({ spec, resources, availability }) => ({
    group: spec.group ?? '',
    version: spec.version ?? '',
    resources,
    fresh: availability?.status === 'True',
  }));
}

export function v3PathsOf(servers: readonly ExtensionServer[]): Record<string, string> {
  return Object.fromEntries(
    servers.flatMap(({ spec, openApiUrl }) => (openApiUrl ? [[`apis/${spec.group}/${spec.version}`, openApiUrl]] : [])),
  );
}

export async function v2Of(servers: readonly ExtensionServer[]): Promise<unknown[]> {
  const available = servers.filter(({ availability }) => availability?.status === 'True');
  const documents = await Promise.all(
    available.map((server) => server.fetch('GET', '/openapi/v2').catch(() => undefined)),
  );
  return documents.flatMap((each) => (each?.status === 200 ? [each.body] : []));
}

function sameSpec(a: V1APIService['spec'], b: V1APIService['spec']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
