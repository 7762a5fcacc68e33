// What a store around a store passes on as it is, whether the methods are its own or its class's.

import type { Store } from './store.ts';

export function restOf(store: Store): Omit<Store, 'commit' | 'commitEach'> {
  return {
    get: (type, name) => store.get(type, name),
    list: (type, options) => store.list(type, options),
    log: (type, after, limit) => store.log(type, after, limit),
    past: (type, name, options) => store.past(type, name, options),
    revisionAt: (type, time) => store.revisionAt(type, time),
    head: (type) => store.head(type),
    bounds: (type) => store.bounds(type),
    compact: (type, revision) => store.compact(type, revision),
    types: () => store.types(),
    onCommit: (listener) => store.onCommit(listener),
    close: () => store.close(),
  };
}
