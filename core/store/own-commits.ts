// A store that calls back for each commit made through it, before the commit is answered to its caller.

import type { Store, TypeName } from './store.ts';
import { StoreError } from './store.ts';

/** `committed` is called once for each type that a commit wrote, also of a commit whose end is unknown (`ambiguous`). */
export function notifyOwnCommits(store: Store, committed: (type: TypeName) => void): Store {
  const notify = (writes: readonly { readonly op: string; readonly type: TypeName }[]) => {
    for (const type of new Set(writes.filter(({ op }) => op !== 'check').map((write) => write.type))) committed(type);
  };
  return {
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
    get: (type, name) => store.get(type, name),
    list: (type, options) => store.list(type, options),
    log: (type, after, limit) => store.log(type, after, limit),
    past: (type, name, options) => store.past(type, name, options),
    revisionAt: (type, time) => store.revisionAt(type, time),
    head: (type) => store.head(type),
    compacted: (type) => store.compacted(type),
    compact: (type, revision) => store.compact(type, revision),
    types: () => store.types(),
    onCommit: (listener) => store.onCommit(listener),
    close: () => store.close(),
  };
}

function isWritten(outcome: unknown): boolean {
  return !(outcome instanceof StoreError) || outcome.failure.code === 'ambiguous';
}
