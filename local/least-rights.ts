// Starts a process with the rights that it needs, as far as the system lets us: what took it over can then do no more than that.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { agentCapabilities } from '../agent/capabilities.ts';
import { childEnvironment } from '../core/process/child-environment.ts';

/**
 * What the control plane keeps when root starts it: ports below 1024, and files that its administrator owns. Everything else of root is
 * gone for good, also for what it would start (PR_SET_NO_NEW_PRIVS, prctl(2)).
 */
const controlPlaneCapabilities = ['net_bind_service', 'dac_override'];

/** What its pods run as is started by it: set-user-ID programs in containers need what no_new_privs would take. */
export function agentRights(): readonly string[] {
  return prefixOf(['--inh-caps=-all', boundingSet(Object.keys(agentCapabilities))]);
}

/** In front of the control plane's command line; empty where the system has no means for it. */
export function leastRights(): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  return prefixOf(['--no-new-privs', ...(isRoot ? ['--inh-caps=-all', boundingSet(controlPlaneCapabilities)] : [])]);
}

function boundingSet(kept: readonly string[]): string {
  return `--bounding-set=${['-all', ...kept.map((each) => `+${each}`)].join(',')}`;
}

function prefixOf(flags: readonly string[]): readonly string[] {
  const prefix = [setpriv, ...flags];
  return existsSync(setpriv) && works(prefix) ? prefix : [];
}

const setpriv = '/usr/bin/setpriv';

/** A container may not let us drop anything. */
function works([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, [...args, 'true'], { stdio: 'ignore', env: childEnvironment() }).status === 0;
}
