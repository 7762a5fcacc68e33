// What the road of a write needs from outside: state, definitions, time, chance, and the cluster's settings.

import type { Definitions, ResourceDefinition } from '../api/definition.ts';
import type { Rbac } from '../authorization/rbac.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Replicas } from '../replica/replica.ts';
import type { Store, TypeName } from '../store/store.ts';
import type { AdmissionMetrics } from './admission/metrics.ts';
import type { AdmissionPlugin } from './admission/plugin.ts';
import type { Strategy } from './strategy.ts';
import type { Dial, WebhookCaller } from './webhooks/caller.ts';

export interface Random {
  /** A version 4 UUID. */
  uuid(): string;
  /** A number in [0, 1). */
  number(): number;
}

export interface RegistryOptions {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly definitions: Definitions;
  readonly clock: () => Date;
  readonly random: Random;
  /** Where cluster IPs come from; one CIDR per family, the first is the default family. Default 10.96.0.0/16. */
  readonly serviceCIDR?: string;
  /** First and last node port. Default 30000 to 32767. */
  readonly nodePortRange?: readonly [number, number];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Plugins after the built-in ones: webhooks, policies. Their mutating halves run before ours validate. */
  readonly admission?: readonly AdmissionPlugin[];
  /** Told how long admission takes. Without it nothing is measured. */
  readonly admissionMetrics?: AdmissionMetrics;
  /** How an address of the pod network is reached from here, for webhooks behind Services. Default: as it is. */
  readonly dial?: (address: Dial) => Dial;
}

/** What a read needs. */
export interface ReadEnvironment {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly definitions: Definitions;
}

export interface Environment extends ReadEnvironment {
  readonly clock: () => Date;
  readonly random: Random;
  readonly serviceCIDRs: readonly string[];
  readonly nodePortRange: readonly [number, number];
  readonly clusterDomain: string;
  readonly admission: readonly AdmissionPlugin[];
  readonly admissionMetrics?: AdmissionMetrics;
  readonly callWebhook: WebhookCaller;
  /** Who holds what; and the authorizer of requests that bring none of their own. */
  rbac(): Promise<Rbac>;
  strategyOf(definition: ResourceDefinition): Strategy;
  /** From the replica: may be behind. Falls back to the store when the replica does not have it. Never change the result. */
  lookUp(type: TypeName, key: string): Promise<KubeObject | undefined>;
  /** All of a type whose keys start with `prefix`, from the replica: may be behind. Never change the results. */
  lookAll(type: TypeName, prefix?: string): Promise<KubeObject[]>;
}
