// The servers behind APIServices for a process that looks at none of them itself: what another one found is read.

import { formatTime } from '../../../core/machinery/time.ts';
import { createClient } from '../../../core/registry/client.ts';
import { lookups } from '../../../core/registry/lookup.ts';
import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { Store } from '../../../core/store/store.ts';
import { apiServerUser, writeCondition } from './available-condition.ts';
import { createExtensionServer, noResponse } from './extension-server.ts';
import { v2Of, v3PathsOf, versionsOf } from './extension-servers.ts';
import type { AggregationOptions, ExtensionServers } from './options.ts';
import { availabilityOf, type Remembered, rememberedType } from './remembered.ts';

/** `changed` is called after anything that discovery tells has changed. */
export async function rememberedServers(
  options: AggregationOptions & { readonly store: Store },
  replica: Replica<Stored<'apiregistration.k8s.io/apiservices'>>,
  changed: () => void,
): Promise<ExtensionServers> {
  const { replicas, registry, definitions, log, now, store } = options;
  // as: what is stored under the type is written by `remember` alone.
  const kept = (await replicas.of(rememberedType)) as Replica<Remembered>;
  const stop = kept.onEvent(changed);
  const client = createClient(registry, definitions, apiServerUser);
  // Nobody else keeps these replicas fresh.
  const current: Replicas = {
    ...replicas,
    peek: () => undefined,
    async of(type) {
      const found = await replicas.of(type);
      await found.catchUp();
      return found;
    },
  };
  /** Whoever looks at servers sees by that that there is something to look at. */
  const onUnreached = async (name: string, error: Error) => {
    const service = replica.get(name)?.object;
    if (!service?.spec) return;
    const looked = { name, uid: service.metadata.uid, availability: noResponse(service.spec, error) };
    try {
      await writeCondition(client, replica, looked, formatTime(now()));
    } catch (err) {
      log?.warn({ err, apiService: name }, 'the condition of an APIService could not be written');
    }
  };
  const make = ({ object: service, name }: { object: Stored<'apiregistration.k8s.io/apiservices'>; name: string }) => {
    const { spec } = service;
    if (!spec?.service) return undefined;
    const server = createExtensionServer(name, spec, {
      ...options,
      lookups: { ...lookups(store, current), random: Math.random },
      keepsConnections: false,
      onUnreached,
    });
    const { resources = [], openApiUrl } = kept.get(name)?.object ?? {};
    server.learn({ availability: availabilityOf(service), resources, openApiUrl });
    return server;
  };
  const servers = () => [...replica.snapshot()].flatMap((entry) => make(entry) ?? []);
  return {
    find(name) {
      const entry = replica.get(name);
      return entry && make(entry);
    },
    versions: () => versionsOf(servers()),
    v3Paths: () => v3PathsOf(servers()),
    v2: () => v2Of(servers()),
    close: stop,
  };
}
