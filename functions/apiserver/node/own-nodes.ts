// What concerns one node, read for it alone: its pods by their group, and what they name by name. For a function that answers many nodes, each
// now and then, and holds no type's objects but those that all nodes receive.

import type { ReferencedResource } from '../../../core/node/pod-references.ts';
import type { NodeResource } from '../../../core/node/protocol.ts';
import type { Entry } from '../../../core/replica/replica.ts';
import { StoredEntry } from '../../../core/replica/stored-entry.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { Groups } from '../../../core/store/groups.ts';
import type { Item } from '../../../core/store/store.ts';
import { groupedTypes } from './grouped-types.ts';
import { boundPod, claimOf, homeOf, type NeededResource, type NodeFacts } from './node-index.ts';

/** Types that are read so: pods and volumes by the node that they are on, the others because pods name them. */
export const ownResources = ['pods', 'persistentvolumes', 'configmaps', 'secrets', 'persistentvolumeclaims'] as const;

export type OwnResource = (typeof ownResources)[number];

/** Of one node, as it was when it was read. */
export interface OwnNode extends NodeFacts {
  readonly node: string;
  /** Reads the ConfigMaps and Secrets too, which only the node itself gets to see. */
  all(): Promise<ReadonlyMap<OwnResource, readonly Entry[]>>;
}

/** undefined: the groups are not whole. */
export async function readOwnNode(groups: Groups, node: string): Promise<OwnNode | undefined> {
  const [found, kept] = await Promise.all(groupedTypes.map((type) => groups.members(type, node)));
  if (!found || !kept) return undefined;
  const pods: Entry<Stored<'pods'>>[] = [];
  const needed = new Map<ReferencedResource | 'namespaces', Set<string>>();
  for (const entry of found.map(entryOf<'pods'>)) {
    const bound = boundPod(entry);
    if (bound?.node !== node) continue;
    pods.push(entry);
    for (const { resource, key } of bound.references)
      needed.set(resource, (needed.get(resource) ?? new Set<string>()).add(key));
  }
  const of = (resource: ReferencedResource) => groups.some(resource, [...(needed.get(resource) ?? [])]);
  const claims = new Map((await of('persistentvolumeclaims')).map((item) => [item.name, entryOf<Claims>(item)]));
  const volumes = new Map(
    kept.map(entryOf<'persistentvolumes'>).flatMap((entry) => (homeOf(entry) === node ? [[entry.name, entry]] : [])),
  );
  const named = new Set([...claims.values()].flatMap(({ object }) => object.spec?.volumeName ?? []));
  for (const item of await groups.some('persistentvolumes', [...named])) {
    const entry = entryOf<'persistentvolumes'>(item);
    const claim = claimOf(entry);
    // Who writes a claim may name any volume in it: the volume says whose it is.
    if (claim !== undefined && claims.get(claim)?.object.spec?.volumeName === entry.name)
      volumes.set(entry.name, entry);
  }

  return {
    node,
    podsOf: (asked) => (asked === node ? pods : []),
    needs(asked, resource: NeededResource) {
      if (asked !== node) return none;
      return resource === 'persistentvolumes' ? new Set(volumes.keys()) : (needed.get(resource) ?? none);
    },
    volume: (name) => volumes.get(name),
    // It was read a moment ago.
    catchUp: async () => undefined,
    async all() {
      const [configMaps, secrets] = await Promise.all([of('configmaps'), of('secrets')]);
      return new Map<OwnResource, readonly Entry[]>([
        ['pods', pods],
        ['persistentvolumes', [...volumes.values()]],
        ['persistentvolumeclaims', [...claims.values()]],
        ['configmaps', configMaps.map(entryOf)],
        ['secrets', secrets.map(entryOf)],
      ]);
    },
  };
}

type Claims = 'persistentvolumeclaims';

const none: ReadonlySet<string> = new Set();

function entryOf<R extends NodeResource>({ name, revision, value }: Item): Entry<Stored<R>> {
  // as: what is stored under a type is of it.
  return new StoredEntry(name, revision, value) as unknown as Entry<Stored<R>>;
}
