import { expect, it } from 'vitest';
import { giveBackIdleMemory } from './idle-memory.ts';

it('lets go of what can be made again, and of garbage, once the thread idles', { timeout: 30_000 }, async () => {
  let kept: string[] | undefined = Array.from({ length: 200_000 }, (_, i) => `${i}`.padStart(64, 'x'));
  const garbage = new WeakRef(kept);
  const idle = giveBackIdleMemory(() => {
    kept = undefined;
  }, 100);
  try {
    await expect.poll(() => kept === undefined && garbage.deref() === undefined, { interval: 500 }).toBe(true);
  } finally {
    idle.stop();
  }
});
