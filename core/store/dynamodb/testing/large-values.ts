// A place for large values in memory, for tests and the model.

import type { LargeValues } from '../large-values.ts';

export function memoryLargeValues(): LargeValues {
  const values = new Map<string, Uint8Array>();
  return {
    async put(hash, bytes) {
      values.set(hash, bytes);
    },
    async get(hash) {
      const bytes = values.get(hash);
      if (!bytes) throw new Error(`there is no value ${hash}`);
      return bytes;
    },
  };
}
