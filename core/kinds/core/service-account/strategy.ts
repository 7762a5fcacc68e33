// ServiceAccounts.

import type { V1ServiceAccount } from '../../../../generated/kubernetes.ts';
import { strategyFor } from '../../strategy.ts';

const mountable = 'kubernetes.io/enforce-mountable-secrets';

export const strategy = strategyFor<V1ServiceAccount>({
  prepareForCreate: nameSecrets,
  prepareForUpdate: nameSecrets,
  warnings: ({ metadata }, old) =>
    metadata?.annotations?.[mountable] !== undefined && old?.metadata?.annotations?.[mountable] === undefined
      ? [
          `metadata.annotations[${mountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ]
      : [],
});

/** Of its Secrets it has the names: that they are Secrets of its namespace goes without saying. */
function nameSecrets(account: V1ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}
