// What a program works with that reads and writes in process, as a user of its own: replicas, definitions, and the registry over them.

import type { Definitions } from '../api/definition.ts';
import { loadDefinitions } from '../api/definitions.ts';
import type { Replicas } from '../replica/replica.ts';
import { createReplicas, type LocalReplicas } from '../replica/replicas.ts';
import type { Store } from '../store/store.ts';
import type { AdmissionMetrics } from './admission/metrics.ts';
import { createRegistry, systemRandom } from './create.ts';
import type { Registry } from './registry.ts';

export interface InProcess<R extends Replicas = LocalReplicas> {
  readonly replicas: R;
  readonly definitions: Definitions;
  readonly registry: Registry;
}

export interface InProcessOptions {
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly admissionMetrics?: AdmissionMetrics;
}

export function openInProcess<R extends Replicas>(
  store: Store,
  replicas: R,
  { serviceCIDR, clusterDomain, admissionMetrics }: InProcessOptions,
): InProcess<R> {
  const definitions = loadDefinitions();
  const registry = createRegistry({
    store,
    replicas,
    definitions,
    clock: () => new Date(),
    random: systemRandom,
    serviceCIDR,
    clusterDomain,
    ...(admissionMetrics && { admissionMetrics }),
  });
  return { replicas, definitions, registry };
}

/** Replicas of a program that watches nothing from the past. */
export function replicasOfNow(store: Store): LocalReplicas {
  return createReplicas(store, { windowEvents: 16 });
}
