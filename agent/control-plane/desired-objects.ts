// What the API wants of this node, as the agent last heard it: every object by resource and name.

import type { KubeObject } from '../../core/machinery/object.ts';
import type { DesiredState, ReceivedResource } from '../../core/node/protocol.ts';
import { receivedResources } from '../../core/node/protocol.ts';

export interface StoredState {
  readonly cursor: string;
  readonly objects: Partial<Record<ReceivedResource, KubeObject[]>>;
}

export class DesiredObjects {
  readonly #objects = new Map<ReceivedResource, Map<string, KubeObject>>(
    receivedResources.map((each) => [each, new Map()]),
  );
  cursor: string | undefined;

  /** Takes over an answer; gives the resources of which anything changed. */
  apply(state: DesiredState): Set<ReceivedResource> {
    const changed = new Set<ReceivedResource>();
    for (const resource of receivedResources) {
      const held = this.#of(resource);
      const changes = state.resources[resource];
      const named = new Set<string>();
      for (const object of changes?.put ?? []) {
        const name = keyOf(object);
        named.add(name);
        if (held.get(name)?.metadata.resourceVersion === object.metadata.resourceVersion && held.has(name)) continue;
        held.set(name, object);
        changed.add(resource);
      }
      const gone =
        state.full || changes?.whole ? [...held.keys()].filter((name) => !named.has(name)) : (changes?.remove ?? []);
      for (const name of gone) if (held.delete(name)) changed.add(resource);
    }
    this.cursor = state.cursor;
    return changed;
  }

  restore(stored: StoredState): void {
    for (const resource of receivedResources)
      for (const object of stored.objects[resource] ?? []) this.#of(resource).set(keyOf(object), object);
    this.cursor = stored.cursor;
  }

  store(): StoredState {
    return {
      cursor: this.cursor ?? '',
      objects: Object.fromEntries([...this.#objects].map(([resource, held]) => [resource, [...held.values()]])),
    };
  }

  /** `T` is the type of the resource's objects. */
  get<T>(resource: ReceivedResource, name: string, namespace?: string): T | undefined {
    return this.#of(resource).get(namespace === undefined ? name : `${namespace}/${name}`) as T | undefined;
  }

  list<T>(resource: ReceivedResource): T[] {
    // As for `get`: the resource says which type its objects have.
    return [...this.#of(resource).values()] as T[];
  }

  #of(resource: ReceivedResource): Map<string, KubeObject> {
    const held = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, held);
    return held;
  }
}

function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '');
}
