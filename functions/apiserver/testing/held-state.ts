// What a node holds after the answers that it got, by the words of core/node/protocol.ts.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { DesiredState, ReceivedResource } from '../../../core/node/protocol.ts';
import { receivedResources } from '../../../core/node/protocol.ts';

export function heldState() {
  const held = new Map<ReceivedResource, Map<string, KubeObject>>(receivedResources.map((each) => [each, new Map()]));
  const of = (resource: ReceivedResource) => held.get(resource) ?? new Map<string, KubeObject>();
  return {
    take({ full, resources }: DesiredState) {
      for (const resource of receivedResources) {
        const { put = [], remove = [], whole = false } = resources[resource] ?? {};
        if (full || whole) of(resource).clear();
        for (const object of put) of(resource).set(keyOf(object), object);
        for (const name of remove) of(resource).delete(name);
      }
    },
    names: (resource: ReceivedResource) => [...of(resource).keys()].sort(),
    /** Of all resources, in order of names. */
    all: () =>
      Object.fromEntries(
        receivedResources.map((resource) => [
          resource,
          [...of(resource)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object),
        ]),
      ),
  };
}

function keyOf({ metadata: { namespace, name = '' } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
