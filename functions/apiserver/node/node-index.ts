// Which pods are bound to which node, and which objects each node needs through them; kept from the pods' replica.
// The node authorizer, the desired state and the notifier read it.

import { volumeHome } from '../../../core/kinds/core/persistent-volume/home.ts';
import { mirrorAnnotation } from '../../../core/kinds/core/pod/semantics/mirror.ts';
import { podReferences, type ReferencedResource } from '../../../core/node/pod-references.ts';
import { type NodeResource, nodeResources } from '../../../core/node/protocol.ts';
import type { Entry, Replica, Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { createPeerGroups, PeerGroups } from './peer-groups.ts';

/** What a node receives because of its pods. A namespace's NetworkPolicies are needed where the namespace is. */
export type NeededResource = ReferencedResource | 'persistentvolumes' | 'namespaces';

type PodEntry = Entry<Stored<'pods'>>;
type VolumeEntry = Entry<Stored<'persistentvolumes'>>;

interface Reference {
  readonly resource: ReferencedResource | 'namespaces';
  readonly key: string;
}

/** What a node has to do with which objects. */
export interface NodeFacts {
  /** Entries of the pods bound to a node. */
  podsOf(node: string): Iterable<PodEntry>;
  /** Keys that a node needs now, of one kind. */
  needs(node: string, resource: NeededResource): ReadonlySet<string>;
  /** One that a node needs. */
  volume(name: string): VolumeEntry | undefined;
  /** As of this call. */
  catchUp(): Promise<void>;
}

export interface NodeIndex<Groups extends PeerGroups = PeerGroups> extends NodeFacts {
  replica<R extends NodeResource>(resource: R): Replica<Stored<R>>;
  /** The nodes that need an object. */
  nodesNeeding(resource: NeededResource, key: string): Iterable<string>;
  readonly peerGroups: Groups;
  close(): void;
}

interface Known {
  readonly entry: Entry;
  readonly node: string;
  readonly references: readonly Reference[];
}

/** Ready when it resolves: every replica of what nodes receive has caught up once. */
export async function createNodeIndex<Groups extends PeerGroups>(
  replicas: Replicas,
  openGroups: (...of: Parameters<typeof createPeerGroups>) => Groups,
): Promise<NodeIndex<Groups>> {
  const opened = await Promise.all(nodeResources.map(async (name) => [name, await replicas.of(name)] as const));
  const byResource = new Map<string, Replica>(opened);
  const replica = <R extends NodeResource>(resource: R) => {
    // as: it was opened as the replica of this resource.
    const found = byResource.get(resource) as Replica<Stored<R>> | undefined;
    if (!found) throw new Error(`no replica of ${resource}: it is not one of the resources that nodes see`);
    return found;
  };
  const pods = replica('pods');
  const claims = replica('persistentvolumeclaims');
  const persistentVolumes = replica('persistentvolumes');

  const known = new Map<string, Known>();
  const byNode = new Map<string, Map<string, PodEntry>>();
  // `resource|key` -> node -> how many of its pods name it; and the same the other way round.
  const needing = new Map<string, Map<string, number>>();
  const needed = new Map<string, Set<string>>();

  const count = (node: string, { resource, key }: Reference, by: 1 | -1) => {
    const id = `${resource}|${key}`;
    const nodes = needing.get(id) ?? new Map<string, number>();
    const left = (nodes.get(node) ?? 0) + by;
    const keysId = `${node}|${resource}`;
    const keys = needed.get(keysId) ?? new Set<string>();
    if (left > 0) {
      nodes.set(node, left);
      keys.add(key);
    } else {
      nodes.delete(node);
      keys.delete(key);
    }
    if (nodes.size > 0) needing.set(id, nodes);
    else needing.delete(id);
    if (keys.size > 0) needed.set(keysId, keys);
    else needed.delete(keysId);
  };
  const forget = (name: string) => {
    const before = known.get(name);
    if (!before) return;
    known.delete(name);
    const entries = byNode.get(before.node);
    entries?.delete(name);
    if (entries?.size === 0) byNode.delete(before.node);
    for (const reference of before.references) count(before.node, reference, -1);
  };
  const learn = (entry: PodEntry) => {
    const bound = boundPod(entry);
    if (!bound) return;
    known.set(entry.name, { entry, ...bound });
    const entries = byNode.get(bound.node) ?? new Map<string, PodEntry>();
    entries.set(entry.name, entry);
    byNode.set(bound.node, entries);
    for (const reference of bound.references) count(bound.node, reference, 1);
  };

  const unsubscribe = pods.onEvent(({ type, entry }) => {
    forget(entry.name);
    if (type !== 'DELETED') learn(entry);
  });
  for (const entry of pods.snapshot()) learn(entry);

  // Volumes that are directories of one node: it removes the directory of one that is gone, so it knows those without a pod too.
  const kept = new Map<string, Set<string>>();
  const keep = (entry: Entry, present: boolean) => {
    const node = homeOf(entry);
    if (node === undefined) return;
    const names = kept.get(node) ?? new Set<string>();
    if (present) names.add(entry.name);
    else names.delete(entry.name);
    if (names.size > 0) kept.set(node, names);
    else kept.delete(node);
  };
  const unsubscribeVolumes = persistentVolumes.onEvent(({ type, entry }) => keep(entry, type !== 'DELETED'));
  for (const entry of persistentVolumes.snapshot()) keep(entry, true);

  const peerGroups = openGroups(pods, replica('namespaces'), replica('networking.k8s.io/networkpolicies'));
  const volumeOf = (claimKey: string): string | undefined => claims.get(claimKey)?.object.spec?.volumeName;

  return {
    replica,
    peerGroups,
    podsOf: (node) => byNode.get(node)?.values() ?? [],
    volume: (name) => persistentVolumes.get(name),
    needs(node, resource) {
      if (resource !== 'persistentvolumes') return needed.get(`${node}|${resource}`) ?? none;
      const volumes = new Set<string>(kept.get(node));
      for (const claim of needed.get(`${node}|persistentvolumeclaims`) ?? none) {
        const volume = volumeOf(claim);
        // Who writes a claim may name any volume in it: the volume says whose it is.
        if (volume && claimOf(persistentVolumes.get(volume)) === claim) volumes.add(volume);
      }
      return volumes;
    },
    nodesNeeding(resource, key) {
      if (resource !== 'persistentvolumes') return needing.get(`${resource}|${key}`)?.keys() ?? [];
      // A volume is needed where its claim is; it names the claim itself.
      const claim = claimOf(persistentVolumes.get(key));
      return claim ? (needing.get(`persistentvolumeclaims|${claim}`)?.keys() ?? []) : [];
    },
    async catchUp() {
      await Promise.all([...byResource.values()].map((each) => each.catchUp()));
    },
    close() {
      unsubscribe();
      unsubscribeVolumes();
      peerGroups.close();
    },
  };
}

const none: ReadonlySet<string> = new Set();

/** Of a key `namespace/name`. */
export function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** The node of a pod's entry and what the pod needs there; undefined while it is not bound. */
export function boundPod(entry: Entry): { node: string; references: Reference[] } | undefined {
  // Most pods are seen first without a node: those need not be parsed.
  if (!bytesOf(entry).includes('"nodeName"')) return undefined;
  // as: the pods' replica holds nothing else.
  const { metadata, spec } = entry.object as Stored<'pods'>;
  const node = spec?.nodeName;
  if (!node || !spec) return undefined;
  const { namespace = '', name = '', annotations } = metadata ?? {};
  const named = annotations?.[mirrorAnnotation] === undefined ? podReferences(namespace, name, spec) : [];
  return { node, references: [{ resource: 'namespaces', key: namespace }, ...named] };
}

function bytesOf({ bytes }: Entry): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The node whose directory a volume is. */
export function homeOf(entry: Entry): string | undefined {
  // as: the volumes' replica holds nothing else.
  return volumeHome(entry.object as Stored<'persistentvolumes'>);
}

/** The claim that a volume says it is for. */
export function claimOf(entry: VolumeEntry | undefined): string | undefined {
  const reference = entry?.object.spec?.claimRef;
  return reference?.namespace && reference.name ? `${reference.namespace}/${reference.name}` : undefined;
}
