// The health checks of an API server. Names are kube-apiserver's, where what they say is the same here.

import type { RbacIndex } from '../../../core/authorization/rbac-index.ts';
import type { Store } from '../../../core/store/store.ts';
import type { HealthCheck } from './health.ts';

export interface CheckedParts {
  readonly store: Pick<Store, 'head'>;
  readonly rbac: Pick<RbacIndex, 'catchUp' | 'hasDefaults'>;
  readonly isShuttingDown: () => boolean;
}

/** As kube-apiserver's --etcd-healthcheck-timeout. */
const storeTimeoutMs = 2000;

export function healthChecks({ store, rbac, isShuttingDown }: CheckedParts): HealthCheck[] {
  const both = ['livez', 'readyz'] as const;
  // As a hook of kube-apiserver's: once it was done it stays done, whatever becomes of its objects.
  let bootstrapped = rbac.hasDefaults();
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
        bootstrapped ||= rbac.hasDefaults();
        if (!bootstrapped) throw new Error('the first roles of the cluster were not made');
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
