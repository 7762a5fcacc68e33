// A store that keeps no groups: of a cluster in which nobody reads by them, they would be items that are paid for, and that nobody finds again.

import { restOf } from './rest-of.ts';
import type { Delete, Put, Store, Write } from './store.ts';

export function withoutGroups(store: Store): Store {
  return {
    ...restOf(store),
    commit: (writes) => store.commit(writes.map(plain)),
    commitEach: (writes) => store.commitEach(writes.map(plain)),
  };
}

function plain<W extends Write>(write: W): W;
function plain(write: Write & Pick<Put & Delete, 'joins' | 'leaves'>): Write {
  if (write.joins === undefined && write.leaves === undefined) return write;
  const { joins: _joins, leaves: _leaves, ...more } = write;
  return more;
}
