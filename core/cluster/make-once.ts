// What is made once for a cluster where no file can hold it, such as keys: kept in the store under a type that no API serves.

import { ownType } from '../store/own-types.ts';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

const type = ownType('keys');

/** Every process that asks for a name gets the same text. */
export async function makeOnce(store: Store, name: string, make: () => Promise<string>): Promise<string> {
  const found = await store.get(type, name);
  if (found) return Buffer.from(found.value).toString();
  const made = await make();
  try {
    await store.commit([{ op: 'put', type, name, expect: 0, value: { bytes: Buffer.from(made) } }]);
    return made;
  } catch (error) {
    const lost = error instanceof StoreError && ['conflict', 'ambiguous'].includes(error.failure.code);
    if (!lost) throw error;
    // Another process was quicker, or our answer was lost: what is stored counts.
    const stored = await store.get(type, name);
    if (!stored) throw error;
    return Buffer.from(stored.value).toString();
  }
}
