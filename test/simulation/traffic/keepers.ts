// Those who keep the store small: compactors and expirers, several at once.

import type { Process } from './process.ts';

export async function compact({ world, store }: Process): Promise<void> {
  const { type } = world.random.pick(world.types);
  const head = await store.head(type);
  await store.compact(type, Math.max(0, head - world.random.below(150)));
}

export async function collectExpired({ store }: Process): Promise<void> {
  await store.expire();
}
