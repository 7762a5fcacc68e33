// What a node should be: everything, or what changed since a cursor. A function of the replicas as they stand.

import type { KubeObject } from '../../../core/machinery/object.ts';
import {
  type DesiredState,
  type NodeResource,
  nodeResources,
  type ResourceChanges,
} from '../../../core/node/protocol.ts';
import type { Entry, Replica } from '../../../core/replica/replica.ts';
import { StoreError } from '../../../core/store/store.ts';
import type { NodeIndex } from './node-index.ts';
import { boundPod, volumeHome } from './node-index.ts';

/** What a node was last told, one revision a resource. */
export interface Cursor {
  /** Changes when the cluster's data were replaced: then revisions mean nothing any more. */
  readonly epoch: string;
  readonly revisions: readonly number[];
}

const needed = ['configmaps', 'secrets', 'persistentvolumeclaims', 'persistentvolumes'] as const;
type Needed = (typeof needed)[number];

function isNeeded(resource: NodeResource): resource is Needed {
  return needed.some((each) => each === resource);
}

/** The replicas must have caught up. A cursor that is unknown, of other data, or too old gives the whole state. */
export function desiredState(index: NodeIndex, node: string, cursor: string | undefined): DesiredState {
  const now = currentCursor(index);
  const since = cursor === undefined ? undefined : parseCursor(cursor);
  const changes = since && since.epoch === now.epoch ? changesSince(index, node, since) : undefined;
  return {
    cursor: formatCursor(now),
    full: changes === undefined,
    resources: changes ?? everything(index, node),
  };
}

type Changes = Partial<Record<NodeResource, ResourceChanges>>;

function everything(index: NodeIndex, node: string): Changes {
  const resources: Changes = {};
  for (const resource of nodeResources) {
    const replica = index.replica(resource);
    const entries =
      resource === 'pods'
        ? index.podsOf(node)
        : isNeeded(resource)
          ? present(replica, index.needs(node, resource))
          : replica.snapshot();
    resources[resource] = { put: [...entries].map(objectOf), remove: [] };
  }
  return resources;
}

/** undefined when the replicas' windows do not reach back to the cursor. */
function changesSince(index: NodeIndex, node: string, since: Cursor): Changes | undefined {
  const latest = new Map<NodeResource, ReadonlyMap<string, Entry>>();
  for (const [at, resource] of nodeResources.entries()) {
    const events = eventsSince(index.replica(resource), since.revisions[at] ?? -1);
    if (!events) return undefined;
    latest.set(resource, events);
  }

  const resources: Changes = {};
  const put = new Map<Needed, Set<string>>(needed.map((each) => [each, new Set()]));
  const remove = new Map<Needed, Set<string>>(needed.map((each) => [each, new Set()]));

  const pods: ResourceChanges = { put: [], remove: [] };
  for (const [name, entry] of latest.get('pods') ?? []) {
    const bound = boundPod(entry);
    const current = index.replica('pods').get(name);
    const here = current && boundPod(current)?.node === node;
    if (here) {
      pods.put.push(objectOf(current));
      // A pod that is new here brings what it names, however old that is.
      for (const { resource, key } of boundPod(current)?.references ?? []) put.get(resource)?.add(key);
    } else if (bound?.node === node) {
      pods.remove.push(name);
      for (const { resource, key } of bound.references) remove.get(resource)?.add(key);
    }
  }
  if (pods.put.length + pods.remove.length > 0) resources.pods = pods;

  for (const [name, entry] of latest.get('persistentvolumes') ?? [])
    if (volumeHome(entry) === node) remove.get('persistentvolumes')?.add(name);
  for (const resource of needed) for (const name of latest.get(resource)?.keys() ?? []) put.get(resource)?.add(name);
  // A claim that changed may have got its volume, or have lost it.
  const claims = index.replica('persistentvolumeclaims');
  const mine = index.needs(node, 'persistentvolumeclaims');
  for (const claim of [...(put.get('persistentvolumeclaims') ?? []), ...(remove.get('persistentvolumeclaims') ?? [])]) {
    if (!mine.has(claim) && !remove.get('persistentvolumeclaims')?.has(claim)) continue;
    const volume = volumeName(claims.get(claim)) ?? volumeName(latest.get('persistentvolumeclaims')?.get(claim));
    if (!volume) continue;
    put.get('persistentvolumes')?.add(volume);
    remove.get('persistentvolumes')?.add(volume);
  }

  for (const resource of nodeResources) {
    if (resource === 'pods') continue;
    const replica = index.replica(resource);
    const changes: ResourceChanges = { put: [], remove: [] };
    if (isNeeded(resource)) {
      const wanted = index.needs(node, resource);
      // Only what the node was told of is taken back: what a pod of its named, or still names and is gone.
      for (const name of put.get(resource) ?? []) {
        if (!wanted.has(name)) continue;
        const entry = replica.get(name);
        if (entry) changes.put.push(objectOf(entry));
        else changes.remove.push(name);
      }
      for (const name of remove.get(resource) ?? []) if (!wanted.has(name)) changes.remove.push(name);
    } else {
      for (const name of latest.get(resource)?.keys() ?? []) {
        const entry = replica.get(name);
        if (entry) changes.put.push(objectOf(entry));
        else changes.remove.push(name);
      }
    }
    if (changes.put.length + changes.remove.length > 0) resources[resource] = changes;
  }
  return resources;
}

/** The last event of each name after a revision. undefined when the replica's window does not reach it. */
function eventsSince(replica: Replica, revision: number): ReadonlyMap<string, Entry> | undefined {
  if (revision < replica.oldest || revision > replica.revision) return undefined;
  const latest = new Map<string, Entry>();
  if (revision === replica.revision) return latest;
  try {
    // Opened and read in one turn of the event loop: it holds exactly what the window holds.
    const watch = replica.watch({ after: revision, capacity: maxEvents });
    try {
      const events = watch.drain();
      if (watch.ended !== undefined) return undefined;
      for (const { entry } of events) latest.set(entry.name, entry);
      return latest;
    } finally {
      watch.close();
    }
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted') return undefined;
    throw error;
  }
}

// Beyond this a node that comes back is told everything: shorter than its changes.
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

function currentCursor(index: NodeIndex): Cursor {
  const system = index.replica('namespaces').get('kube-system');
  return {
    epoch: system ? (objectOf(system).metadata.uid ?? '') : '',
    revisions: nodeResources.map((resource) => index.replica(resource).revision),
  };
}

function formatCursor({ epoch, revisions }: Cursor): string {
  return `${epoch}:${revisions.map((each) => each.toString(36)).join('.')}`;
}

function parseCursor(text: string): Cursor | undefined {
  const at = text.lastIndexOf(':');
  const revisions = text
    .slice(at + 1)
    .split('.')
    .map((each) => Number.parseInt(each, 36));
  if (at < 0 || revisions.length !== nodeResources.length || revisions.some((each) => !Number.isSafeInteger(each)))
    return undefined;
  return { epoch: text.slice(0, at), revisions };
}
