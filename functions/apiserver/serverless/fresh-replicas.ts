// Replicas in a process that is frozen between requests: it hears of no commit, so it looks before it answers.

import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { TypeName } from '../../../core/store/store.ts';

export interface FreshReplicas extends Replicas {
  /** All replicas that were opened, at the store's heads as of some time within the last `maxAgeMs`. Whether anything was looked up. */
  freshen(maxAgeMs: number): Promise<boolean>;
}

/** `clock`: milliseconds from any fixed point. */
export function freshReplicas(replicas: Replicas, clock: () => number): FreshReplicas {
  const opened = new Map<TypeName, Replica>();
  let freshAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  return {
    async of(type) {
      const replica = await replicas.of(type);
      opened.set(type, replica);
      return replica;
    },
    peek: (type) => replicas.peek(type),
    keepOnly(isKept) {
      for (const type of opened.keys()) if (!isKept(type)) opened.delete(type);
      replicas.keepOnly(isKept);
    },
    close: () => replicas.close(),
    async freshen(maxAgeMs) {
      if (clock() - freshAt <= maxAgeMs) return false;
      if (!looking) {
        const began = clock();
        looking = Promise.all([...opened.values()].map((replica) => replica.catchUp()))
          .then(() => {
            freshAt = began;
          })
          .finally(() => {
            looking = undefined;
          });
      }
      await looking;
      return true;
    },
  };
}
