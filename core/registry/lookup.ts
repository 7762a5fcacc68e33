// Reads of other objects during a write, from the replica: cheap, and possibly behind.

import type { KubeObject } from '../machinery/object.ts';
import type { Replicas } from '../replica/replica.ts';
import { decodeObject } from '../store/encode-object.ts';
import type { Store, TypeName } from '../store/store.ts';

export function lookups(store: Store, replicas: Replicas) {
  return {
    async lookUp(type: TypeName, key: string): Promise<KubeObject | undefined> {
      const replica = replicas.peek(type) ?? (await replicas.of(type));
      const entry = replica.get(key);
      // Entries of a replica hold what the registry stored.
      if (entry) return entry.object as KubeObject;
      const item = await store.get(type, key);
      return item && decodeObject(item.value);
    },
    async lookAll(type: TypeName, prefix?: string): Promise<KubeObject[]> {
      const replica = replicas.peek(type) ?? (await replicas.of(type));
      const result: KubeObject[] = [];
      // Policies, quotas and the like are looked for on every write, and mostly there are none.
      if (replica.size === 0) return result;
      // As above.
      for (const entry of replica.snapshot(prefix ? { prefix } : {})) result.push(entry.object as KubeObject);
      return result;
    },
  };
}

/** The same from replicas alone, for what runs beside the road of a write. */
export function replicaLookups(replicas: Replicas) {
  return {
    // Entries of a replica hold what the registry stored.
    async lookUp(type: TypeName, key: string): Promise<KubeObject | undefined> {
      return (await replicas.of(type)).get(key)?.object as KubeObject | undefined;
    },
    async lookAll(type: TypeName, prefix?: string): Promise<KubeObject[]> {
      const entries = (await replicas.of(type)).snapshot(prefix ? { prefix } : {});
      return [...entries].map(({ object }) => object as KubeObject);
    },
  };
}
