// The health checks of an API server. Names are kube-apiserver's, where what they say is the same here.

import type { RbacIndex } from '../../../core/authorization/rbac-index.ts';
import type { Store } from '../../../core/store/store.ts';
import type { HealthCheck } from './health.ts';

export interface CheckedParts {
  readonly store: Pick<Store, 'head'>;
  readonly rbac: Pick<RbacIndex, 'catchUp' | 'rulesOf'>;
  readonly isShuttingDown: () => boolean;
}

/** As kube-apiserver's --etcd-healthcheck-timeout. */
const storeTimeoutMs = 2000;

const clusterAdmin = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };

export function healthChecks({ store, rbac, isShuttingDown }: CheckedParts): HealthCheck[] {
  const both = ['livez', 'readyz'] as const;
  return [
    // That there is an answer says it: the event loop turns, and lines of log, which are written before anything goes on, get out.
    { name: 'ping', endpoints: both, check: async () => {} },
    { name: 'log', endpoints: both, check: async () => {} },
    {
      // The store in place of etcd: a read of a head goes through to it.
      name: 'etcd',
      endpoints: both,
      timeoutMs: storeTimeoutMs,
      check: async () => void (await store.head('namespaces')),
    },
    {
      // What authorization decides by is as new as the store.
      name: 'informer-sync',
      endpoints: ['readyz'],
      timeoutMs: storeTimeoutMs,
      check: () => rbac.catchUp(),
    },
    {
      name: 'poststarthook/rbac/bootstrap-roles',
      endpoints: both,
      async check() {
        if (!rbac.rulesOf(clusterAdmin, ''))
          throw new Error('there is no ClusterRole cluster-admin: the first objects were not made, or were deleted');
      },
    },
    {
      // Whoever sends requests here is told in time to send them elsewhere; what is alive to the end is no reason to kill it.
      name: 'shutdown',
      endpoints: ['readyz'],
      async check() {
        if (isShuttingDown()) throw new Error('process is shutting down');
      },
    },
  ];
}
