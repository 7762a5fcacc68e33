// The objects that a cluster of functions has from its first start, and what they tell of it.

import type { Definitions } from '../api/definition.ts';
import { ensureAuthority } from '../cluster/authority.ts';
import { frontProxyAuthority, frontProxyClient, frontProxyName } from '../cluster/front-proxy.ts';
import type { Store } from '../store/store.ts';
import { ensureAddons } from './addons.ts';
import { bootstrap } from './bootstrap.ts';
import { paceWrites } from './pace-writes.ts';
import type { Registry } from './registry.ts';

export interface FirstObjectsOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly serviceCIDR: string;
  readonly now: () => Date;
}

/** Of one type, writes take their revisions from one counter: more at once would only wait for each other. */
const atATime = 8;

export async function makeFirstObjects(options: FirstObjectsOptions): Promise<void> {
  const { store, registry, definitions, serviceCIDR, now } = options;
  const paced = paceWrites(registry, atATime);
  const extensionAuthentication = {
    clientCA: (await ensureAuthority(store, now())).certificate,
    requestHeaderCA: await frontProxyAuthority(store, now()),
    allowedNames: [frontProxyName],
  };
  await frontProxyClient(store, now());
  // Nothing listens on this address: each node answers for itself (agent/pod-api).
  const address = { advertiseAddress: '192.0.2.1', port: 443, serviceCIDR };
  await bootstrap(paced, definitions, { ...address, extensionAuthentication });
  await ensureAddons(paced, definitions, serviceCIDR);
}
