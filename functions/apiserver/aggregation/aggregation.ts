// API aggregation: group versions whose APIService names a Service are answered by the server behind it. This part only follows the
// APIServices; what talks to other servers is loaded with the first of them.
// Source: Kubernetes, "Kubernetes API Aggregation Layer"; apiregistration.k8s.io/v1.

import type { Extensions } from '../../../core/api/extensions.ts';
import { type GroupPriority, unregisteredPriority } from '../../../core/api/group-priorities.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Family } from '../../../core/metrics/family.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import type { ApiResponse } from '../http.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Exchange } from '../resources/exchange.ts';
import type { Responder } from '../responder.ts';
import { createAvailabilityMetrics } from './availability-metrics.ts';
import { type AggregationOptions, apiServices, type ExtensionServers, type OpenServers } from './options.ts';

/** What the documents of other servers add to OpenAPI. */
export interface ExtensionDocuments {
  /** By path below /openapi/v3/: the URL of the document, with its hash. */
  v3Paths(): Readonly<Record<string, string>>;
  /** undefined where no other server answers for the group version. */
  v3(exchange: Exchange, group: string, version: string): Promise<ApiResponse> | undefined;
  /** The Swagger 2 documents of all servers that give one. */
  v2(): Promise<readonly unknown[]>;
}

export interface Aggregation extends Responder {
  readonly extensions: Extensions;
  readonly documents: ExtensionDocuments;
  families(): Family[];
  close(): void;
}

/** Resolves when the APIServices that exist are followed. */
export async function createAggregation(options: AggregationOptions): Promise<Aggregation> {
  const replica = await options.replicas.of(apiServices);
  const priorities = new Map<string, GroupPriority>();
  /** Names of the APIServices with a Service, by group/version. */
  const remote = new Map<string, string>();
  const metrics = createAvailabilityMetrics();
  let servers: ExtensionServers | undefined;
  let loading: Promise<void> | undefined;
  let generation = 1;
  let closed = false;
  const load = () => {
    loading ??= (options.servers ?? followed)(options, replica, () => {
      generation += 1;
    }).then((made) => {
      if (closed) return made.close();
      servers = made;
      generation += 1;
    });
  };

  const forget = (name: string) => {
    for (const [key, each] of remote) if (each === name) remote.delete(key);
  };
  const learn = (service: V1APIService) => {
    const { metadata, spec } = service;
    metrics.learn(service);
    if (!spec || !metadata?.name) return;
    const key = `${spec.group ?? ''}/${spec.version ?? ''}`;
    priorities.set(key, { group: spec.groupPriorityMinimum, version: spec.versionPriority });
    forget(metadata.name);
    if (!spec.service) return;
    remote.set(key, metadata.name);
    load();
  };
  const stop = replica.onEvent(({ type, entry }) => {
    const service = entry.object;
    generation += 1;
    if (type !== 'DELETED') return learn(service);
    priorities.delete(`${service.spec?.group ?? ''}/${service.spec?.version ?? ''}`);
    forget(entry.name);
    metrics.forget(entry.name);
  });
  for (const entry of replica.snapshot()) learn(entry.object);
  await loading;

  const serverOf = async (info: RequestInfo) => {
    const name = remote.get(groupVersionOf(info)) ?? '';
    await loading;
    const server = servers?.find(name);
    if (!server) throw new StatusError('ServiceUnavailable', `the APIService ${name} is not followed yet: try again`);
    return server;
  };
  return {
    extensions: {
      get generation() {
        return generation;
      },
      get versions() {
        return servers?.versions() ?? [];
      },
      priority: (group, version) => priorities.get(`${group}/${version}`) ?? unregisteredPriority(group, version),
    },
    documents: {
      v3Paths: () => servers?.v3Paths() ?? {},
      v3(exchange, group, version) {
        const name = remote.get(`${group}/${version}`);
        const server = name === undefined ? undefined : servers?.find(name);
        return server?.forward(exchange);
      },
      v2: async () => (servers ? await servers.v2() : []),
    },
    serves: (info) => remote.size > 0 && remote.has(groupVersionOf(info)),
    respond: async (exchange) => (await serverOf(exchange.info)).forward(exchange),
    upgrade: async (exchange, connection) => (await serverOf(exchange.info)).upgrade(exchange, connection),
    families: metrics.families,
    close() {
      closed = true;
      stop();
      servers?.close();
    },
  };
}

const followed: OpenServers = async (...given) => {
  const { followExtensionServers } = await import('./extension-servers.ts');
  return followExtensionServers(...given);
};

/** Of a resource, or of the discovery document of a group version. */
function groupVersionOf({ isResource, group, version, segments }: RequestInfo): string {
  if (isResource) return `${group}/${version}`;
  return segments[0] === 'apis' && segments.length === 3 ? `${segments[1]}/${segments[2]}` : '';
}
