// Finds one object in the replicas, fresh enough to refuse somebody by: a miss is looked up again at the log's head.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Replicas } from '../../../core/replica/replica.ts';

/** `type` is a log's name, `name` the key in it: `namespace/name`. What is not as `expected` is looked up again like a miss. */
export type Lookup = (
  type: string,
  name: string,
  expected?: (object: KubeObject) => boolean,
) => Promise<KubeObject | undefined>;

export function replicaLookup(replicas: Replicas): Lookup {
  return async (type, name, expected = () => true) => {
    const replica = replicas.peek(type) ?? (await replicas.of(type));
    // The registry stores nothing but objects with metadata.
    const find = () => replica.get(name)?.object as KubeObject | undefined;
    const found = find();
    if (found && expected(found)) return found;
    await replica.catchUp();
    return find();
  };
}
