// What aggregation needs from outside.

import type { Definitions } from '../../../core/api/definition.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Reach } from '../../../core/registry/reach.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Replicas } from '../../../core/replica/replica.ts';

export const apiServices = 'apiregistration.k8s.io/apiservices';

export interface AggregationOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  /** The way to the endpoints of their Services. */
  readonly reach: Reach;
  readonly frontProxy: FrontProxy;
  readonly log?: Log | undefined;
  readonly now: () => Date;
}

/** What this API server is to extension API servers. */
export interface FrontProxy {
  /** Client certificate and key, PEM, of the authority that the ConfigMap extension-apiserver-authentication names. */
  readonly cert: string;
  readonly key: string;
}
