// A store that calls back for each commit made through it, before the commit is answered to its caller.

import { restOf } from './rest-of.ts';
import type { Store, TypeName } from './store.ts';
import { StoreError } from './store.ts';

/** `committed` is called once for each type that a commit wrote, also of a commit whose end is unknown (`ambiguous`). */
export function notifyOwnCommits(store: Store, committed: (type: TypeName) => void): Store {
  const notify = (writes: readonly { readonly op: string; readonly type: TypeName }[]) => {
    for (const type of new Set(writes.filter(({ op }) => op !== 'check').map((write) => write.type))) committed(type);
  };
  return {
    ...restOf(store),
    async commit(writes) {
      try {
        const done = await store.commit(writes);
        notify(writes);
        return done;
      } catch (error) {
        if (error instanceof StoreError && error.failure.code === 'ambiguous') notify(writes);
        throw error;
      }
    },
    async commitEach(writes) {
      const done = await store.commitEach(writes);
      notify(writes.filter((_, i) => isWritten(done[i])));
      return done;
    },
  };
}

function isWritten(outcome: unknown): boolean {
  return !(outcome instanceof StoreError) || outcome.failure.code === 'ambiguous';
}
