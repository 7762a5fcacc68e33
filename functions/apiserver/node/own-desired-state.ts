// What a node should be, of what was read for it alone (own-nodes.ts): what all nodes receive by the changes since the cursor, and of the
// rest all that there is of a resource, where any of it is another than the cursor says.

import { createHash } from 'node:crypto';
import { type NodeResource, nodeResources, policyPeers } from '../../../core/node/protocol.ts';
import type { Entry, Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import {
  type Changes,
  type Cursor,
  type EncodedChanges,
  type EncodedState,
  epochOf,
  eventsSince,
  formatCursor,
  parseCursor,
  peersOf,
} from './desired-state.ts';
import { nodeView } from './node-view.ts';
import { type OwnNode, type OwnResource, ownResources } from './own-nodes.ts';
import type { PeerGroups } from './peer-groups.ts';

/** The types that are followed: what all nodes receive, and what is looked up by the namespaces of a node's pods. */
export const followedResources = [
  'services',
  'discovery.k8s.io/endpointslices',
  'networking.k8s.io/networkpolicies',
  'namespaces',
  'nodes',
  'node.k8s.io/runtimeclasses',
] as const satisfies readonly Exclude<NodeResource, OwnResource>[];

export type FollowedResource = (typeof followedResources)[number];

export interface Followed {
  replica<R extends FollowedResource>(resource: R): Replica<Stored<R>>;
  /** As of this call. */
  catchUp(): Promise<void>;
  /** Of pods of other nodes, where policies of these namespaces name any. */
  peers(namespaces: ReadonlySet<string>): Promise<FollowedPeers | undefined>;
}

export interface FollowedPeers {
  readonly groups: PeerGroups;
  /** What is known of each pod in `groups`. */
  readonly pods: Replica;
}

/** As of this call. A cursor that is unknown or of other data gives the whole state. */
export async function ownDesiredState(
  own: OwnNode,
  followed: Followed,
  cursor: string | undefined,
): Promise<EncodedState> {
  const namespaces = own.needs(own.node, 'namespaces');
  // After the pods were read: what was there for one of them is in it.
  const [read] = await Promise.all([own.all(), followed.catchUp()]);
  const peers = await followed.peers(namespaces);
  // From here on nothing waits: what is told of the replicas is of one moment.
  const epoch = epochOf(followed.replica('namespaces')) + ownEpoch;
  const parsed = cursor === undefined ? undefined : parseCursor(cursor);
  const since = parsed?.epoch === epoch ? parsed : undefined;
  const resources: Changes = {};
  const revisions: number[] = [];
  for (const [at, resource] of nodeResources.entries()) {
    const known = since?.revisions[at];
    const told = isOwn(resource)
      ? tellWhole(own.node, resource, read.get(resource) ?? [], known)
      : isOfNamespaces(resource)
        ? tellWhole(own.node, resource, ofNamespaces(followed, resource, namespaces), known)
        : tellChanges(own.node, resource, followed.replica(resource), known);
    revisions.push(told.mark);
    if (told.changes) resources[resource] = told.changes;
  }
  const told = tellPeers(own.node, namespaces, followed, peers, since);
  if (told.changes) resources[policyPeers] = told.changes;
  return {
    cursor: formatCursor({ epoch, revisions, peers: told.mark }),
    full: since === undefined,
    resources,
  };
}

/** In the epoch of these cursors, whose numbers mean something else than those of desired-state.ts. */
const ownEpoch = 'own';

interface Told<M> {
  readonly mark: M;
  /** undefined: nothing is to be told. */
  readonly changes?: EncodedChanges;
}

function isOwn(resource: NodeResource): resource is OwnResource {
  return ownResources.some((each) => each === resource);
}

const namespaced = ['namespaces', 'networking.k8s.io/networkpolicies'] as const;
type OfNamespaces = (typeof namespaced)[number];

function isOfNamespaces(resource: NodeResource): resource is OfNamespaces {
  return namespaced.some((each) => each === resource);
}

function ofNamespaces(followed: Followed, resource: OfNamespaces, namespaces: ReadonlySet<string>): Entry[] {
  const replica: Replica = followed.replica(resource);
  return [...namespaces].flatMap((namespace) =>
    resource === 'namespaces' ? (replica.get(namespace) ?? []) : [...replica.snapshot({ prefix: `${namespace}/` })],
  );
}

/** All of it, unless the node has the same. */
function tellWhole(
  node: string,
  resource: NodeResource,
  entries: readonly Entry[],
  known: number | undefined,
): Told<number> {
  const mark = markOf(entries);
  if (mark === known) return { mark };
  return { mark, changes: { put: entries.map((each) => nodeView(resource, each, node)), remove: [], whole: true } };
}

/** A number that is another one for other objects, or for other states of them. */
function markOf(entries: readonly Entry[]): number {
  const lines = entries.map(({ name, revision }) => `${name} ${revision}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest().readUIntBE(0, 6);
}

function tellChanges(node: string, resource: NodeResource, replica: Replica, known: number | undefined): Told<number> {
  const mark = replica.revision;
  const events = known === undefined ? undefined : eventsSince(replica, known);
  const view = (each: Entry) => nodeView(resource, each, node);
  if (!events) return { mark, changes: { put: [...replica.snapshot()].map(view), remove: [], whole: true } };
  if (events.length === 0) return { mark };
  const changes: EncodedChanges = { put: [], remove: [] };
  for (const name of new Set(events.map((each) => each.name))) {
    const entry = replica.get(name);
    if (entry) changes.put.push(view(entry));
    else changes.remove.push(name);
  }
  return { mark, changes };
}

/** The mark: what is asked about, and the revisions of pods and namespaces that this was said of. */
function tellPeers(
  node: string,
  namespaces: ReadonlySet<string>,
  followed: Followed,
  peers: FollowedPeers | undefined,
  since: Cursor | undefined,
): Told<string> {
  if (!peers) {
    const told = since && since.peers !== '';
    return { mark: '', ...((told || !since) && { changes: { put: [], remove: [], whole: true } }) };
  }
  const { groups, pods } = peers;
  const spaces = followed.replica('namespaces');
  const needs = groups.needsOf(namespaces);
  const mark = [needs.key, pods.revision.toString(36), spaces.revision.toString(36)].join('.');
  const [key, ofPods = '', ofSpaces = ''] = since?.peers.split('.') ?? [];
  const changed = key === needs.key ? eventsSince(pods, Number.parseInt(ofPods, 36)) : undefined;
  const moved = key === needs.key ? eventsSince(spaces, Number.parseInt(ofSpaces, 36)) : undefined;
  if (!changed || !moved)
    return { mark, changes: { ...peersOf(groups, node, needs, groups.peers(node, needs)), whole: true } };
  const names = new Set(changed.map(({ name }) => name));
  for (const { name: namespace } of moved)
    for (const { name } of pods.snapshot({ prefix: `${namespace}/` })) names.add(name);
  const changes = peersOf(groups, node, needs, names);
  return { mark, ...(changes.put.length + changes.remove.length > 0 && { changes }) };
}
