// The part of a worker that looks at extension API servers: when an APIService, its Service or its endpoints change, when a request did not
// get there, and again after a failure. Nothing looks at one that is there and that nothing happened to.

import { frontProxyClient } from '../../../core/cluster/front-proxy.ts';
import type { FunctionSettings } from '../../../core/cluster/settings.ts';
import { createRelayBroker } from '../../../core/node/relay-broker.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import { reachOverRelays } from '../../../core/registry/reach-over-relays.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { Relays } from '../../../core/store/relays.ts';
import type { Store, TypeName } from '../../../core/store/store.ts';
import type { FollowedServers } from '../aggregation/extension-servers.ts';
import { apiServices, type Timers } from '../aggregation/options.ts';

export interface ExtensionServersOptions {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly relays: Relays;
  readonly queue: Queue;
  readonly settings: Pick<FunctionSettings, 'serviceCIDR' | 'clusterDomain'>;
  readonly timers: Timers;
  readonly log: Log;
}

export interface ExtensionServersWork {
  /** Resolves when all was looked at that changed before the call. */
  idle(): Promise<void>;
  /** Ends connections. Never rejects. */
  end(): Promise<void>;
}

const followed: readonly TypeName[] = ['services', 'discovery.k8s.io/endpointslices', 'namespaces'];

export async function openExtensionServers(options: ExtensionServersOptions): Promise<ExtensionServersWork> {
  const { store, replicas, relays, queue } = options;
  const services = await replicas.of(apiServices);
  const { reach, end } = reachOverRelays(createRelayBroker({ relays, queue, now: Date.now }));
  let following: Promise<FollowedServers> | undefined;
  const follow = async () => {
    const { openInProcess } = await import('../../../core/registry/in-process.ts');
    const { followExtensionServers } = await import('../aggregation/extension-servers.ts');
    const now = () => new Date();
    const { key, certificate } = await frontProxyClient(store, now());
    const parts = openInProcess(store, replicas, { ...options.settings, reach });
    return followExtensionServers(
      { ...options, ...parts, reach, frontProxy: { key, cert: certificate }, now, memory: store },
      services,
      () => undefined,
    );
  };
  return {
    async idle() {
      await services.catchUp();
      const any = () => [...services.snapshot()].some(({ object }) => object.spec?.service);
      if (!following && !any()) return;
      following ??= follow().catch((error: unknown) => {
        following = undefined;
        throw error;
      });
      const { idle } = await following;
      await Promise.all(followed.map((type) => replicas.peek(type)?.catchUp()));
      await idle();
    },
    end,
  };
}
