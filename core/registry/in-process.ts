// What a program works with that reads and writes in process, as a user of its own: replicas, definitions, and the registry over them.

import type { Definitions } from '../api/definition.ts';
import { loadDefinitions } from '../api/definitions.ts';
import type { Replicas } from '../replica/replica.ts';
import type { LocalReplicas } from '../replica/replicas.ts';
import type { Store } from '../store/store.ts';
import type { AdmissionMetrics } from './admission/metrics.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import { createRegistry, systemRandom } from './create.ts';
import { lookups } from './lookup.ts';
import type { Reach } from './reach.ts';
import type { Registry } from './registry.ts';
import { createWebhookCaller, type WebhookCaller } from './webhooks/caller.ts';

export interface InProcess<R extends Replicas = LocalReplicas> {
  readonly replicas: R;
  readonly definitions: Definitions;
  readonly registry: Registry;
  /** As the registry calls them. */
  readonly callWebhook: WebhookCaller;
}

export interface InProcessOptions {
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly admissionMetrics?: AdmissionMetrics;
  /** Beside the built-in ones. */
  readonly admission?: readonly AdmissionPlugin[];
  /** Default: called from here. */
  readonly callWebhook?: WebhookCaller;
  /** How endpoints of webhooks are reached from here. Default: at their addresses. */
  readonly reach?: Reach;
}

export function openInProcess<R extends Replicas>(
  store: Store,
  replicas: R,
  { serviceCIDR, clusterDomain, admission, admissionMetrics, reach, ...given }: InProcessOptions,
): InProcess<R> {
  const definitions = loadDefinitions();
  const callWebhook =
    given.callWebhook ??
    createWebhookCaller({ ...lookups(store, replicas), random: Math.random, ...(reach && { reach }) });
  const registry = createRegistry({
    store,
    replicas,
    definitions,
    clock: () => new Date(),
    random: systemRandom,
    serviceCIDR,
    clusterDomain,
    callWebhook,
    ...(admission && { admission }),
    ...(admissionMetrics && { admissionMetrics }),
  });
  return { replicas, definitions, registry, callWebhook };
}
