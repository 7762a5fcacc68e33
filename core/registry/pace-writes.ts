// A registry that reads and creates only so many objects at a time, for whoever asks for hundreds at once.

import type { Registry } from './registry.ts';

export function paceWrites(registry: Registry, atATime: number): Registry {
  let running = 0;
  const waiting: (() => void)[] = [];
  const paced = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atATime) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
  return {
    ...registry,
    get: (...args) => paced(() => registry.get(...args)),
    create: (...args) => paced(() => registry.create(...args)),
    update: (...args) => paced(() => registry.update(...args)),
    modify: (...args) => paced(() => registry.modify(...args)),
  };
}
