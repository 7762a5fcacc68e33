// Starts the control plane with the rights that it needs, as far as the system lets us.

import { boundingSet, rightsPrefix } from '../agent/start-rights.ts';

/**
 * What the control plane keeps when root starts it: ports below 1024, and files that its administrator owns. Everything else of root is
 * gone for good, also for what it would start (PR_SET_NO_NEW_PRIVS, prctl(2)).
 */
const controlPlaneCapabilities = ['net_bind_service', 'dac_override'];

/** In front of the control plane's command line; empty where the system has no means for it. */
export function leastRights(): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  return rightsPrefix([
    '--no-new-privs',
    ...(isRoot ? ['--inh-caps=-all', boundingSet(controlPlaneCapabilities)] : []),
  ]);
}
