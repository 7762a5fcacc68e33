// ServiceAccounts.

import type { V1ServiceAccount } from '../../../../generated/kubernetes.ts';
import { strategyFor } from '../../strategy.ts';

const mountable = 'kubernetes.io/enforce-mountable-secrets';

export const strategy = strategyFor<V1ServiceAccount>({
  warnings: ({ metadata }, old) =>
    metadata?.annotations?.[mountable] !== undefined && old?.metadata?.annotations?.[mountable] === undefined
      ? [
          `metadata.annotations[${mountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ]
      : [],
});
