// What a hosted cluster begins with: its keys and the objects that every cluster has, once a build. They count as what it holds, and are made
// whatever it holds: else a full one could not be entered to make room.

import { onceABuild } from '../cluster/first-start.ts';
import { ensureSigningKey } from '../cluster/signing-key.ts';
import { makeFirstObjects } from '../registry/first-objects.ts';
import { openInProcess } from '../registry/in-process.ts';
import { replicasOfNow } from '../replica/replicas.ts';
import { amountOf, type Usage } from '../store/bounded-store.ts';
import type { Store } from '../store/store.ts';
import { withoutNodes } from './without-nodes.ts';

export interface HostedStart {
  /** Not bounded. */
  readonly store: Store;
  readonly usage: Usage;
  readonly settings: { readonly build: string; readonly serviceCIDR: string; readonly clusterDomain: string };
}

/** The key that signs its tokens (PEM). */
export async function ensureHosted({ store, usage, settings }: HostedStart): Promise<string> {
  const { build, serviceCIDR, clusterDomain } = settings;
  const key = await ensureSigningKey(store);
  await onceABuild(store, build, async () => {
    const { reach } = withoutNodes;
    const parts = openInProcess(store, replicasOfNow(store), { serviceCIDR, clusterDomain, reach });
    try {
      await makeFirstObjects({ ...parts, store, serviceCIDR, now: () => new Date() });
    } finally {
      parts.replicas.close();
    }
    await usage.set(await amountOf(store));
  });
  return key;
}
