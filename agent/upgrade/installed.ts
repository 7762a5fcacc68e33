// What an agent that is one file, and runs as the service that the installer made, does about its own upgrades.

import { openService } from '../install/service.ts';
import { takeUpTrial } from './trial.ts';
import { keepUpgraded, type UpgradeOptions } from './upgrade.ts';

export interface Installed {
  keepUpgraded(
    parts: Pick<UpgradeOptions, 'startedAt' | 'log'> & {
      readonly options: UpgradeOptions['options'] & { readonly autoUpgrade: boolean };
      readonly stop: () => Promise<void>;
    },
  ): void;
}

/** Does not return where there is an upgrade to be tried. undefined: nobody would start this agent again, so it stays what it is. */
export function takeUp(dataDir: string): Installed | undefined {
  const service = openService({ dataDir, command: ['join', '--data-dir', dataDir] });
  if (!service.isInstalled()) return undefined;
  const trial = takeUpTrial(dataDir, service.startScript, Date.now());
  return {
    keepUpgraded: ({ options, startedAt, stop, log }) =>
      keepUpgraded({
        options,
        trial,
        startedAt,
        auto: options.autoUpgrade,
        restart: () => service.restart(stop),
        log,
      }),
  };
}
