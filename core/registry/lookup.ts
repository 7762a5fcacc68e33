// Reads of other objects during a write, from the replica: cheap, and possibly behind.

import type { KubeObject } from '../machinery/object.ts';
import type { Replicas } from '../replica/replica.ts';
import type { Stored } from '../replica/stored-type.ts';
import { decodeObject } from '../store/encode-object.ts';
import type { Store, TypeName } from '../store/store.ts';

/** Of a type that is no built-in one the registry stores objects all the same. */
type Found<T extends TypeName> = Stored<T, KubeObject>;

export function lookups(store: Store, replicas: Replicas) {
  return {
    async lookUp<T extends TypeName>(type: T, key: string) {
      const replica = replicas.peek(type) ?? (await replicas.of(type));
      const entry = replica.get(key);
      // as, here and below: what is stored under a type is of it.
      if (entry) return entry.object as Found<T>;
      const item = await store.get(type, key);
      return item && (decodeObject(item.value) as Found<T>);
    },
    async lookAll<T extends TypeName>(type: T, prefix?: string) {
      const replica = replicas.peek(type) ?? (await replicas.of(type));
      const result: Found<T>[] = [];
      // Policies, quotas and the like are looked for on every write, and mostly there are none.
      if (replica.size === 0) return result;
      for (const entry of replica.snapshot(prefix ? { prefix } : {})) result.push(entry.object as Found<T>);
      return result;
    },
  };
}

/** The same from replicas alone, for what runs beside a write. */
export function replicaLookups(replicas: Replicas) {
  return {
    async lookUp<T extends TypeName>(type: T, key: string) {
      return (await replicas.of(type)).get(key)?.object as Found<T> | undefined;
    },
    async lookAll<T extends TypeName>(type: T, prefix?: string) {
      const entries = (await replicas.of(type)).snapshot(prefix ? { prefix } : {});
      return [...entries].map(({ object }) => object as Found<T>);
    },
  };
}
