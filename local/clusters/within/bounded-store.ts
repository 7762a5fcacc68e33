// A hosted cluster's store takes what it may and no more. What deletes, and what makes an object smaller, is always taken: else nobody
// could make room.

import { type Store, StoreError, type Write } from '../../../core/store/store.ts';
import { storedBytes } from '../made-cluster.ts';

/** Files are not asked for their size at every write: within so many bytes of writes, or of time, they cannot have grown much. */
const lookBytes = 256 * 1024;
const lookMs = 1_000;

/** `size`: of its files, for tests. */
export function boundedStore<S extends Store>(
  store: S,
  dataDir: string,
  maximumBytes: number,
  size: () => number = () => storedBytes(dataDir),
): S {
  let [known, written, lookedAt] = [size(), 0, performance.now()];
  const isFull = () => {
    if (written > lookBytes || performance.now() > lookedAt + lookMs)
      [known, written, lookedAt] = [size(), 0, performance.now()];
    return known + written > maximumBytes;
  };
  const grows = async (write: Write): Promise<boolean> => {
    if (write.op !== 'put') return false;
    if (write.expect === 0) return true;
    return write.value.bytes.length > ((await store.get(write.type, write.name))?.value.length ?? 0);
  };
  const refuse = () =>
    new StoreError(
      { code: 'overQuota', data: { limit: maximumBytes } },
      `The store holds the ${maximumBytes} bytes that this cluster may have: delete what is not needed.`,
    );
  const count = (writes: readonly Write[]) => {
    for (const each of writes) if (each.op === 'put') written += each.value.bytes.length;
  };
  return {
    ...store,
    async commit(writes: readonly Write[]) {
      if (isFull()) for (const each of writes) if (await grows(each)) throw refuse();
      count(writes);
      return store.commit(writes);
    },
    async commitEach(writes: Parameters<Store['commitEach']>[0]) {
      const full = isFull();
      const allowed = await Promise.all(writes.map(async (each) => !full || !(await grows(each))));
      const taken = writes.filter((_, at) => allowed[at]);
      count(taken);
      const done = taken.length > 0 ? await store.commitEach(taken) : [];
      let next = 0;
      return allowed.map((each) => (each ? (done[next++] ?? { revision: 0 }) : refuse()));
    },
  };
}
