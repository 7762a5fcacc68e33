// PriorityLevelConfigurations as numbers of seats. Pure. Source: flowcontrol.apiserver.k8s.io/v1 LimitedPriorityLevelConfiguration.

import type { V1PriorityLevelConfiguration } from '../../../generated/kubernetes.ts';
import type { LevelConfig } from './seats.ts';

const defaultShares = 30;

/** Limited levels share `total` by their shares, each rounded up. Exempt levels have no seats to wait for. */
export function configsOf(levels: readonly V1PriorityLevelConfiguration[], total: number): LevelConfig[] {
  const limited = levels.flatMap(({ metadata, spec }) =>
    spec?.type === 'Limited' ? [{ name: metadata?.name ?? '', limited: spec.limited ?? {} }] : [],
  );
  const shares = limited.map((each) => each.limited.nominalConcurrencyShares ?? defaultShares);
  const all = shares.reduce((sum, each) => sum + each, 0);
  return limited.map(({ name, limited: { lendablePercent = 0, borrowingLimitPercent, limitResponse } }, index) => {
    const nominal = all === 0 ? 0 : Math.ceil((total * (shares[index] ?? 0)) / all);
    const { queuing } = limitResponse?.type === 'Queue' ? limitResponse : {};
    return {
      name,
      nominal,
      lendable: Math.round((nominal * lendablePercent) / 100),
      borrowable:
        borrowingLimitPercent === undefined
          ? Number.POSITIVE_INFINITY
          : Math.round((nominal * borrowingLimitPercent) / 100),
      queuing:
        limitResponse?.type === 'Queue'
          ? {
              queues: queuing?.queues ?? 64,
              handSize: queuing?.handSize ?? 8,
              queueLengthLimit: queuing?.queueLengthLimit ?? 50,
            }
          : undefined,
    };
  });
}
