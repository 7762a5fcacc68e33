// A place for large values in memory, for tests and the model.

import { type LargeValues, MissingValueError } from '../large-values.ts';

export interface MemoryLargeValues extends LargeValues {
  readonly names: readonly string[];
}

export function memoryLargeValues(): MemoryLargeValues {
  const values = new Map<string, Uint8Array>();
  return {
    get names() {
      return [...values.keys()];
    },
    async remove(name) {
      values.delete(name);
    },
    async put(hash, bytes) {
      values.set(hash, bytes);
    },
    async get(hash) {
      const bytes = values.get(hash);
      if (!bytes) throw new MissingValueError(hash);
      return bytes;
    },
  };
}
