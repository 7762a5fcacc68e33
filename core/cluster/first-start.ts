// Makes the objects that a cluster has from its first start: once a deployment, not once a cold start of a function.

import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

const type = 'zeroplane/cluster';
const name = 'first-objects';

/** Runs `make` unless it was done for this build. It may run twice at once, and must bear it. */
export async function onceABuild(store: Store, build: string, make: () => Promise<void>): Promise<void> {
  const done = await store.get(type, name);
  if (done && Buffer.from(done.value).toString() === build) return;
  await make();
  try {
    const expect = done?.revision ?? 0;
    await store.commit([{ op: 'put', type, name, expect, value: { bytes: Buffer.from(build) } }]);
  } catch (error) {
    // Another process noted it; if not, the next start makes sure again.
    if (!(error instanceof StoreError && ['conflict', 'ambiguous'].includes(error.failure.code))) throw error;
  }
}
