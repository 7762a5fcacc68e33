// Starts a process with the rights that it needs, as far as the system lets us: what took it over can then do no more than that.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { childEnvironment } from '../core/process/child-environment.ts';
import { agentCapabilities } from './capabilities.ts';

/**
 * In front of the agent's command line; empty where the system has no means for it. What its pods run as is started by it: set-user-ID
 * programs in containers need what no_new_privs would take.
 */
export function agentRights(): readonly string[] {
  return rightsPrefix(['--inh-caps=-all', boundingSet(Object.keys(agentCapabilities))]);
}

export function boundingSet(kept: readonly string[]): string {
  return `--bounding-set=${['-all', ...kept.map((each) => `+${each}`)].join(',')}`;
}

export function rightsPrefix(flags: readonly string[]): readonly string[] {
  const prefix = [setpriv, ...flags];
  return existsSync(setpriv) && works(prefix) ? prefix : [];
}

const setpriv = '/usr/bin/setpriv';

/** A container may not let us drop anything. */
function works([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, [...args, 'true'], { stdio: 'ignore', env: childEnvironment() }).status === 0;
}
