// Aggregation in a process that most requests do not need it for: APIServices are looked at for what asks about groups, and for group
// versions that are not served here. Who looks at their servers is the notifier (extension-servers.ts).

import type { Definitions } from '../../../core/api/definition.ts';
import { unregisteredPriority } from '../../../core/api/group-priorities.ts';
import { frontProxyClient } from '../../../core/cluster/front-proxy.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Reach } from '../../../core/registry/reach.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { Store } from '../../../core/store/store.ts';
import { type Aggregation, createAggregation } from '../aggregation/aggregation.ts';
import { apiServices } from '../aggregation/options.ts';
import { rememberedType } from '../aggregation/remembered.ts';

export interface LazyAggregationOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly store: Store;
  /** Of its own: those that are kept fresh for every request would cost every request. */
  readonly replicas: Replicas;
  readonly reach: Reach;
  readonly log: Log;
  readonly now: () => Date;
}

export interface LazyAggregation extends Aggregation {
  /** Knows the APIServices that a request of this path may be for, as they are now. */
  prepare(path: string): Promise<void>;
}

export function lazyAggregation(options: LazyAggregationOptions): LazyAggregation {
  const { definitions, replicas, store, now } = options;
  let opening: Promise<Aggregation> | undefined;
  let opened: Aggregation | undefined;
  const open = async () => {
    const { cert, key } = await frontProxyClient(store, now()).then((pair) => ({ ...pair, cert: pair.certificate }));
    opened = await createAggregation({
      ...options,
      frontProxy: { cert, key },
      servers: async (...[given, replica, changed]) => {
        const { rememberedServers } = await import('../aggregation/remembered-servers.ts');
        return rememberedServers({ ...given, store }, replica, changed);
      },
    });
    return opened;
  };
  const isServedHere = (group: string, version: string) =>
    definitions.all().some((each) => each.group === group && each.version === version);
  const mayBeElsewhere = (path: string) => {
    const [first, group, version] = path.split('/').filter((segment) => segment !== '');
    if (first === 'openapi') return true;
    return first === 'apis' && !(group !== undefined && version !== undefined && isServedHere(group, version));
  };
  const demand = () => {
    if (!opened) throw new StatusError('ServiceUnavailable', 'APIServices are not known yet: try again');
    return opened;
  };
  return {
    async prepare(path) {
      if (!mayBeElsewhere(path)) return;
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      await opening;
      await Promise.all([apiServices, rememberedType].map((type) => replicas.peek(type)?.catchUp()));
    },
    extensions: {
      get generation() {
        return opened?.extensions.generation ?? 0;
      },
      get versions() {
        return opened?.extensions.versions ?? [];
      },
      priority: (group, version) => opened?.extensions.priority(group, version) ?? unregisteredPriority(group, version),
    },
    documents: {
      v3Paths: () => opened?.documents.v3Paths() ?? {},
      v3: (exchange, group, version) => opened?.documents.v3(exchange, group, version),
      v2: async () => opened?.documents.v2() ?? [],
    },
    serves: (info) => opened?.serves(info) ?? false,
    respond: async (exchange) => demand().respond(exchange),
    families: () => opened?.families() ?? [],
    close: () => opened?.close(),
  };
}
