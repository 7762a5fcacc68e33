// What one of the processes that share a store does every so often, and the others then do not.

import { ownType } from './own-types.ts';
import { type Store, StoreError } from './store.ts';

const type = ownType('turns');

/** Whether it is due and this process has to do it. Whoever fails at it leaves it to the next turn. */
export async function takeTurn(store: Store, name: string, everyMs: number, nowMs: number): Promise<boolean> {
  const item = await store.get(type, name);
  const last = item ? Number(Buffer.from(item.value).toString()) : 0;
  if (nowMs - last < everyMs) return false;
  try {
    const value = { bytes: Buffer.from(String(nowMs)) };
    await store.commit([{ op: 'put', type, name, expect: item?.revision ?? 0, value }]);
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'conflict') return false;
    throw error;
  }
}
