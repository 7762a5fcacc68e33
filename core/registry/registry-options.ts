// What a Registry is made of.

import type { Definitions } from '../api/definition.ts';
import type { Random } from '../kinds/environment.ts';
import type { Replicas } from '../replica/replica.ts';
import type { Store } from '../store/store.ts';
import type { AdmissionMetrics } from './admission/metrics.ts';
import type { AdmissionRow } from './admission/plugin.ts';
import type { WebhookCaller } from './webhooks/caller.ts';

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
  readonly admission?: readonly AdmissionRow[];
  /** Told how long admission takes. Without it nothing is measured. */
  readonly admissionMetrics?: AdmissionMetrics;
  /** Reaches admission webhooks. Default: pods and Services at their own addresses. */
  readonly callWebhook?: WebhookCaller;
}
