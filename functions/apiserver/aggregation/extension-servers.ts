// The servers behind all APIServices that name one: looked at when something about them changes and from time to time, their condition
// written to the APIService, and emptied of what is in a namespace that ends.

import type { ExtensionVersion } from '../../../core/api/extensions.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import { type Client, createClient } from '../../../core/registry/client.ts';
import { replicaLookups } from '../../../core/registry/lookup.ts';
import type { Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import { createExtensionServer, type ExtensionServer } from './extension-server.ts';
import { emptyNamespaces, type NamespaceContent } from './namespace-content.ts';
import { type AggregationOptions, apiServices } from './options.ts';

export interface ExtensionServers {
  find(name: string): ExtensionServer | undefined;
  versions(): readonly ExtensionVersion[];
  v3Paths(): Readonly<Record<string, string>>;
  v2(): Promise<readonly unknown[]>;
  close(): void;
}

/** How often a server that is there is looked at again. */
const steadyMs = 30_000;
/** After the first failure, doubled with each until it is `steadyMs`. */
const firstPauseMs = 500;

interface Followed {
  readonly server: ExtensionServer;
  readonly uid: string;
  failures: number;
  looking: boolean;
  /** Something changed while it was looked at. */
  again: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** `changed` is called after anything that discovery tells has changed. */
export function followExtensionServers(
  options: AggregationOptions,
  replica: Replica<Stored<'apiregistration.k8s.io/apiservices'>>,
  changed: () => void,
): ExtensionServers {
  const { replicas, registry, definitions, reach, frontProxy, log, now } = options;
  const lookups = { ...replicaLookups(replicas), random: Math.random };
  const client = createClient(registry, definitions, { username: 'system:apiserver', groups: ['system:masters'] });
  const followed = new Map<string, Followed>();
  const stops: (() => void)[] = [];
  let namespaces: NamespaceContent | undefined;
  let closed = false;

  const follow = (name: string, { metadata, spec }: V1APIService) => {
    const known = followed.get(name);
    if (known && spec && sameSpec(known.server.spec, spec) && known.uid === metadata?.uid) return;
    forget(name);
    if (!spec?.service) return;
    const server = createExtensionServer(name, spec, { lookups, reach, frontProxy });
    followed.set(name, {
      server,
      uid: metadata?.uid ?? '',
      failures: 0,
      looking: false,
      again: false,
      timer: undefined,
    });
    look(name);
  };
  const forget = (name: string) => {
    const known = followed.get(name);
    if (!known) return;
    clearTimeout(known.timer);
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
    clearTimeout(each.timer);
    each.looking = true;
    void lookAt(each).finally(() => {
      each.looking = false;
      if (closed || followed.get(name) !== each) return;
      const pause = each.failures === 0 ? steadyMs : Math.min(steadyMs, firstPauseMs * 2 ** (each.failures - 1));
      each.timer = setTimeout(() => look(name), each.again ? 0 : pause).unref();
      each.again = false;
    });
  };
  const lookAt = async (each: Followed) => {
    const before = each.server.availability;
    const shown = JSON.stringify([each.server.resources, each.server.openApiUrl]);
    const after = await each.server.look();
    // A Service that leads nowhere is reported by an event when it does; a server that comes up says nothing.
    each.failures = after.status === 'True' ? 0 : after.reason === 'FailedDiscoveryCheck' ? each.failures + 1 : 1;
    if (before?.status !== after.status || shown !== JSON.stringify([each.server.resources, each.server.openApiUrl]))
      changed();
    if (before?.status !== after.status) namespaces?.again();
    try {
      await writeCondition(client, replica, each, formatTime(now()));
    } catch (err) {
      log?.error({ err, apiService: each.server.name }, 'the condition of an APIService could not be written');
    }
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
    namespaces = await emptyNamespaces({ replicas, client, servers, log, now });
    if (closed) namespaces.close();
  };
  stops.push(
    replica.onEvent(({ type, entry }) => {
      if (type === 'DELETED') forget(entry.name);
      else follow(entry.name, entry.object);
    }),
  );
  for (const entry of replica.snapshot()) follow(entry.name, entry.object);
  start().catch((err: unknown) => log?.error({ err }, 'the Services of extension API servers are not followed'));

  return {
    find: (name) => followed.get(name)?.server,
    versions: () =>
      [...followed.values()].map(({ server: { spec, resources, availability } }) => ({
        group: spec.group ?? '',
        version: spec.version ?? '',
        resources,
        fresh: availability?.status === 'True',
      })),
    v3Paths: () =>
      Object.fromEntries(
        [...followed.values()].flatMap(({ server: { spec, openApiUrl } }) =>
          openApiUrl ? [[`apis/${spec.group}/${spec.version}`, openApiUrl]] : [],
        ),
      ),
    v2: async () => {
      const available = [...followed.values()].filter(({ server }) => server.availability?.status === 'True');
      const documents = await Promise.all(
        available.map(({ server }) => server.fetch('GET', '/openapi/v2').catch(() => undefined)),
      );
      return documents.flatMap((each) => (each?.status === 200 ? [each.body] : []));
    },
    close() {
      closed = true;
      for (const stop of stops) stop();
      namespaces?.close();
      for (const name of [...followed.keys()]) forget(name);
    },
  };
}

function sameSpec(a: V1APIService['spec'], b: V1APIService['spec']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Writes only what is new, to the APIService that was looked at. */
async function writeCondition(
  client: Client,
  replica: Replica<Stored<'apiregistration.k8s.io/apiservices'>>,
  { server, uid }: Followed,
  time: string,
): Promise<void> {
  const { availability, name } = server;
  await replica.catchUp();
  if (!replica.get(name) || !availability) return;
  await client.modify<V1APIService & { metadata: object }>(apiServices, '', name, {
    subresource: 'status',
    build(object) {
      if (object.metadata.uid !== uid) return undefined;
      const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'Available');
      const before = object.status?.conditions?.find(({ type }) => type === 'Available');
      const { status, reason, message } = availability;
      if (before?.status === status && before.reason === reason && before.message === message) return undefined;
      const since = before?.status === status ? before.lastTransitionTime : undefined;
      const conditions = [...others, { type: 'Available', ...availability, lastTransitionTime: since ?? time }];
      return { ...object, status: { ...object.status, conditions } };
    },
  });
}
