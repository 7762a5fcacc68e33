// What a node should be: everything, or what changed since a cursor. A function of the replicas as they stand.

import type { KubeObject } from '../../../core/machinery/object.ts';
import {
  type DesiredState,
  type NodeResource,
  nodeResources,
  policyPeers,
  type ReceivedResource,
} from '../../../core/node/protocol.ts';
import type { Entry, Replica } from '../../../core/replica/replica.ts';
import { StoreError } from '../../../core/store/store.ts';
import { bodyOf, type ListBody } from '../content/list-body.ts';
import { boundPod, homeOf, type NodeIndex, namespaceOf } from './node-index.ts';
import { nodeView } from './node-view.ts';
import { type PeerGroups, type PeerNeeds, peerName } from './peer-groups.ts';

/** A DesiredState, whose objects are the JSON that is stored of them or that all nodes share: nothing is encoded for a node alone. */
export interface EncodedState extends Omit<DesiredState, 'resources'> {
  readonly resources: Changes;
}

export type Changes = Partial<Record<ReceivedResource, EncodedChanges>>;

export interface EncodedChanges {
  readonly put: Uint8Array[];
  readonly remove: string[];
  readonly whole?: boolean;
}

/** The JSON of a DesiredState. */
export function desiredBody({ cursor, full, resources }: EncodedState): ListBody {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    bytes += piece.length;
  };
  let text = `{"cursor":${JSON.stringify(cursor)},"full":${full},"resources":{`;
  for (const [resource, { put, remove, whole }] of Object.entries(resources)) {
    text += `${JSON.stringify(resource)}:{"put":[`;
    for (const [at, object] of put.entries()) {
      add(at === 0 ? Buffer.from(text) : comma);
      add(object);
      text = '';
    }
    text += `],"remove":${JSON.stringify(remove)}${whole === undefined ? '' : `,"whole":${whole}`}},`;
  }
  add(Buffer.from(`${text.endsWith(',') ? text.slice(0, -1) : text}}}\n`));
  return bodyOf(bytes, pieces);
}

const comma = Buffer.from(',');

/** What a node received last: one revision a resource. */
export interface Cursor {
  /** Changes when the cluster's data were replaced: then revisions mean nothing any more. */
  readonly epoch: string;
  readonly revisions: readonly number[];
  /** What it was told of policies' peers: the key of its PeerNeeds. */
  readonly peers: string;
}

const policies = 'networking.k8s.io/networkpolicies';
const needed = [
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'persistentvolumes',
  'namespaces',
  policies,
] as const satisfies NodeResource[];
type Needed = (typeof needed)[number];

function isNeeded(resource: NodeResource): resource is Needed {
  return needed.some((each) => each === resource);
}

/** The replicas must have caught up. A cursor that is unknown, of other data, or too old gives the whole state. */
export function desiredState(index: NodeIndex, node: string, cursor: string | undefined): EncodedState {
  const needs = index.peerGroups.needsOf(index.needs(node, 'namespaces'));
  const now = currentCursor(index, needs);
  const since = cursor === undefined ? undefined : parseCursor(cursor);
  const changes = since && since.epoch === now.epoch ? changesSince(index, node, since, needs) : undefined;
  return {
    cursor: formatCursor(now),
    full: changes === undefined,
    resources: changes ?? everything(index, node, needs),
  };
}

function everything(index: NodeIndex, node: string, needs: PeerNeeds): Changes {
  const resources: Changes = {};
  for (const resource of nodeResources) {
    const replica = index.replica(resource);
    const entries =
      resource === 'pods'
        ? index.podsOf(node)
        : isNeeded(resource)
          ? present(replica, wantedNames(index, node, resource))
          : replica.snapshot();
    resources[resource] = { put: [...entries].map((each) => nodeView(resource, each, node)), remove: [] };
  }
  resources[policyPeers] = peersOf(index.peerGroups, node, needs, index.peerGroups.peers(node, needs));
  return resources;
}

/** What a node is told of these pods (by log name) now. */
export function peersOf(
  peerGroups: PeerGroups,
  node: string,
  needs: PeerNeeds,
  pods: Iterable<string>,
): EncodedChanges {
  const changes: EncodedChanges = { put: [], remove: [] };
  for (const pod of pods) {
    const view = peerGroups.view(node, pod, needs);
    if (view) changes.put.push(view);
    else changes.remove.push(peerName(pod));
  }
  return changes;
}

function* wantedNames(index: NodeIndex, node: string, resource: Needed): Iterable<string> {
  if (resource !== policies) return yield* index.needs(node, resource);
  for (const namespace of index.needs(node, 'namespaces')) yield* policiesOf(index, namespace);
}

function wants(index: NodeIndex, node: string, resource: Needed): (name: string) => boolean {
  const names = index.needs(node, resource === policies ? 'namespaces' : resource);
  return resource === policies ? (name) => names.has(namespaceOf(name)) : (name) => names.has(name);
}

function* policiesOf(index: NodeIndex, namespace: string): Iterable<string> {
  for (const { name } of index.replica(policies).snapshot({ prefix: `${namespace}/` })) yield name;
}

/** undefined when the replicas' windows do not reach back to the cursor. */
function changesSince(index: NodeIndex, node: string, since: Cursor, asked: PeerNeeds): Changes | undefined {
  const latest = new Map<NodeResource, ReadonlyMap<string, Entry>>();
  // Pods that were this node's, though their names may be another's by now.
  const mine = new Map<string, Entry>();
  for (const [at, resource] of nodeResources.entries()) {
    const events = eventsSince(index.replica(resource), since.revisions[at] ?? -1);
    if (!events) return undefined;
    latest.set(resource, new Map(events.map((entry) => [entry.name, entry])));
    if (resource === 'pods')
      for (const entry of events) if (boundPod(entry)?.node === node) mine.set(entry.name, entry);
  }

  const resources: Changes = {};
  const put = new Map<Needed, Set<string>>(needed.map((each) => [each, new Set()]));
  const remove = new Map<Needed, Set<string>>(needed.map((each) => [each, new Set()]));
  const [come, gone] = [new Set<string>(), new Set<string>()];

  const pods: EncodedChanges = { put: [], remove: [] };
  for (const name of latest.get('pods')?.keys() ?? []) {
    const current = index.replica('pods').get(name);
    const bound = current && boundPod(current);
    const before = mine.get(name);
    if (current && bound?.node === node) {
      pods.put.push(nodeView('pods', current, node));
      come.add(namespaceOf(name));
      // A pod that is new here brings what it names, however old that is.
      for (const { resource, key } of bound.references) put.get(resource)?.add(key);
    } else if (before) {
      pods.remove.push(name);
      gone.add(namespaceOf(name));
      for (const { resource, key } of boundPod(before)?.references ?? []) remove.get(resource)?.add(key);
    }
  }
  if (pods.put.length + pods.remove.length > 0) resources.pods = pods;
  for (const namespace of come) for (const name of policiesOf(index, namespace)) put.get(policies)?.add(name);
  for (const namespace of gone) for (const name of policiesOf(index, namespace)) remove.get(policies)?.add(name);
  for (const name of latest.get(policies)?.keys() ?? [])
    if (gone.has(namespaceOf(name))) remove.get(policies)?.add(name);

  for (const [name, entry] of latest.get('persistentvolumes') ?? [])
    if (homeOf(entry) === node) remove.get('persistentvolumes')?.add(name);
  for (const resource of needed) for (const name of latest.get(resource)?.keys() ?? []) put.get(resource)?.add(name);
  // A claim that changed may have got its volume, or have lost it.
  const claims = index.replica('persistentvolumeclaims');
  const needs = index.needs(node, 'persistentvolumeclaims');
  for (const claim of [...(put.get('persistentvolumeclaims') ?? []), ...(remove.get('persistentvolumeclaims') ?? [])]) {
    if (!needs.has(claim) && !remove.get('persistentvolumeclaims')?.has(claim)) continue;
    const volume = volumeName(claims.get(claim)) ?? volumeName(latest.get('persistentvolumeclaims')?.get(claim));
    if (!volume) continue;
    put.get('persistentvolumes')?.add(volume);
    remove.get('persistentvolumes')?.add(volume);
  }

  for (const resource of nodeResources) {
    if (resource === 'pods') continue;
    const replica = index.replica(resource);
    const changes: EncodedChanges = { put: [], remove: [] };
    if (isNeeded(resource)) {
      const wanted = wants(index, node, resource);
      // Only what the node received is taken back: what a pod of its named, or still names and is gone.
      for (const name of put.get(resource) ?? []) {
        if (!wanted(name)) continue;
        const entry = replica.get(name);
        if (entry) changes.put.push(nodeView(resource, entry, node));
        else changes.remove.push(name);
      }
      for (const name of remove.get(resource) ?? []) if (!wanted(name)) changes.remove.push(name);
    } else {
      for (const name of latest.get(resource)?.keys() ?? []) {
        const entry = replica.get(name);
        if (entry) changes.put.push(nodeView(resource, entry, node));
        else changes.remove.push(name);
      }
    }
    if (changes.put.length + changes.remove.length > 0) resources[resource] = changes;
  }
  const peers = peerChanges(index, node, since, asked, latest);
  if (peers.whole || peers.put.length + peers.remove.length > 0) resources[policyPeers] = peers;
  return resources;
}

/**
 * What a node is told of a pod follows from the pod, its namespace's labels and what the node asks about. When that is still the same, only
 * pods that changed, and those of namespaces that did, may be in other groups.
 */
function peerChanges(
  index: NodeIndex,
  node: string,
  since: Cursor,
  needs: PeerNeeds,
  latest: ReadonlyMap<NodeResource, ReadonlyMap<string, Entry>>,
): EncodedChanges {
  if (since.peers !== needs.key)
    return { ...peersOf(index.peerGroups, node, needs, index.peerGroups.peers(node, needs)), whole: true };
  if (needs.key === '') return { put: [], remove: [] };
  const pods = new Set(latest.get('pods')?.keys());
  for (const namespace of latest.get('namespaces')?.keys() ?? [])
    for (const { name } of index.replica('pods').snapshot({ prefix: `${namespace}/` })) pods.add(name);
  return peersOf(index.peerGroups, node, needs, pods);
}

/** What happened after a revision, in order. undefined when the replica's window does not reach it. */
export function eventsSince(replica: Replica, revision: number): readonly Entry[] | undefined {
  if (!(revision >= replica.oldest && revision <= replica.revision)) return undefined;
  if (revision === replica.revision) return [];
  try {
    // Opened and read in one turn of the event loop: it holds exactly what the window holds.
    const watch = replica.watch({ after: revision, capacity: maxEvents });
    try {
      const events = watch.drain();
      if (watch.ended !== undefined) return undefined;
      return events.map(({ entry }) => entry);
    } finally {
      watch.close();
    }
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted') return undefined;
    throw error;
  }
}

// Beyond this a node that comes back gets everything: shorter than its changes.
const maxEvents = 20_000;

function* present(replica: Replica, names: Iterable<string>): Iterable<Entry> {
  for (const name of names) {
    const entry = replica.get(name);
    if (entry) yield entry;
  }
}

// The registry stores nothing but objects with metadata.
function objectOf(entry: Entry): KubeObject {
  return entry.object as KubeObject;
}

function volumeName(entry: Entry | undefined): string | undefined {
  // A claim, or nothing.
  return (entry?.object as { spec?: { volumeName?: string } } | undefined)?.spec?.volumeName;
}

function currentCursor(index: NodeIndex, needs: PeerNeeds): Cursor {
  return {
    epoch: epochOf(index.replica('namespaces')),
    revisions: nodeResources.map((resource) => index.replica(resource).revision),
    peers: needs.key,
  };
}

/** Another one when the cluster's data were replaced. */
export function epochOf(namespaces: Pick<Replica, 'get'>): string {
  const system = namespaces.get('kube-system');
  return system ? (objectOf(system).metadata.uid ?? '') : '';
}

export function formatCursor({ epoch, revisions, peers }: Cursor): string {
  return `${epoch}:${revisions.map((each) => each.toString(36)).join('.')}:${peers}`;
}

export function parseCursor(text: string): Cursor | undefined {
  const [epoch, numbers = '', peers, ...more] = text.split(':');
  const revisions = numbers.split('.').map((each) => Number.parseInt(each, 36));
  if (epoch === undefined || peers === undefined || more.length > 0) return undefined;
  if (revisions.length !== nodeResources.length || revisions.some((each) => !Number.isSafeInteger(each)))
    return undefined;
  return { epoch, revisions, peers };
}
