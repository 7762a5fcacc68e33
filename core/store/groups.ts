// Objects of a type by a group that they are in, such as the pods of one node: read without the type's others. A put says which group its
// object comes into, or leaves, and a delete which it leaves (store.ts); engines whose readers hold whole types in memory keep none.

import type { Item, TypeName } from './store.ts';

export interface Groups {
  /**
   * The objects of a group, in any order, each as new as the newest commit that was answered before the call. undefined: the type was
   * written by who told nothing of groups, so that some may be missing.
   */
  members(type: TypeName, group: string): Promise<readonly Item[] | undefined>;
  /** Those of these objects that exist, in any order; as new as with `members`. */
  some(type: TypeName, names: readonly string[]): Promise<readonly Item[]>;
  /**
   * A program of another build is about to write, for the first time: `build`, after `before` (absent: nobody knows which). Groups of a type
   * are whole where every build that ever wrote it has said so here.
   */
  begin(types: readonly TypeName[], build: string, before: string | undefined): Promise<void>;
}
