// Finds one object in the replicas, fresh enough to refuse somebody by: a miss is looked up again at the log's head.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Replicas } from '../../../core/replica/replica.ts';

/** `type` is a log's name, `name` the key in it: `namespace/name`. */
export type Lookup = (type: string, name: string) => Promise<KubeObject | undefined>;

export function replicaLookup(replicas: Replicas): Lookup {
  return async (type, name) => {
    const replica = replicas.peek(type) ?? (await replicas.of(type));
    let entry = replica.get(name);
    if (!entry) {
      await replica.catchUp();
      entry = replica.get(name);
    }
    // The registry stores nothing but objects with metadata.
    return entry?.object as KubeObject | undefined;
  };
}
