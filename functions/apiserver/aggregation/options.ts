// What aggregation needs from outside.

import type { Definitions } from '../../../core/api/definition.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Dial } from '../../../core/registry/webhooks/caller.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { StreamHandler } from '../streams-contract.ts';

export const apiServices = 'apiregistration.k8s.io/apiservices';

export interface AggregationOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  /** The way to pods. Without it only endpoints that are no pods of a node are reached. */
  readonly streams?: StreamHandler | undefined;
  readonly frontProxy: FrontProxy;
  readonly log?: Log | undefined;
  readonly now: () => Date;
}

/** What this API server is to extension API servers. */
export interface FrontProxy {
  /** Client certificate and key, PEM, of the authority that the ConfigMap extension-apiserver-authentication names. */
  readonly cert: string;
  readonly key: string;
  /** How an endpoint that is no pod of a node is reached from here. Default: as it is. */
  readonly dial?: (address: Dial) => Dial;
}
