// Wakes nodes: after a change that concerns a node, a `changed` message goes to its queue; at most one waits there at a time.
// A message is a hint (D2): one that is lost costs the agent's next look, nothing else.

import { deepEqual } from '../../../core/machinery/equality.ts';
import { type NodeMessage, type NodeResource, nodeResources } from '../../../core/node/protocol.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { ReplicaEvent } from '../../../core/replica/replica.ts';
import type { V1Node, V1Pod } from '../../../generated/kubernetes.ts';
import { boundPod, homeOf, type NodeIndex, namespaceOf } from './node-index.ts';
import { nodeQueue } from './node-queue.ts';

export interface Notifier {
  /** The node fetches its desired state now: what changes from here on needs a new message. */
  fetching(node: string): void;
  /** Tells a node to look, whatever changed. */
  wake(node: string): void;
  close(): void;
}

export interface NotifierOptions {
  readonly nodes: NodeIndex;
  readonly queue: Queue;
  readonly log?: Log | undefined;
  /** How long a message that brought no fetch holds back another. Milliseconds, default 20 s. */
  readonly patienceMs?: number;
  /** Milliseconds from any fixed point. */
  readonly clock?: () => number;
}

const changed = JSON.stringify({ kind: 'changed' } satisfies NodeMessage);

export function createNotifier({
  nodes,
  queue,
  log,
  patienceMs = 20_000,
  clock = () => performance.now(),
}: NotifierOptions): Notifier {
  // When the message that waits for a node was sent.
  const pending = new Map<string, number>();
  const toWake = new Set<string>();
  let scheduled = false;
  let closed = false;

  const wake = (node: string) => {
    toWake.add(node);
    if (scheduled) return;
    scheduled = true;
    // After the events of this turn: a commit of many objects is one message.
    setImmediate(flush);
  };
  const flush = () => {
    scheduled = false;
    const now = clock();
    for (const node of toWake) {
      const sentAt = pending.get(node);
      if (closed || (sentAt !== undefined && now - sentAt < patienceMs)) continue;
      pending.set(node, now);
      queue.send(nodeQueue(node), changed).catch((error: unknown) => {
        // Nothing waits there: the next change tries again.
        pending.delete(node);
        log?.debug({ err: error, node }, 'could not wake a node');
      });
    }
    toWake.clear();
  };
  const unsubscribe = nodeResources.map((resource) =>
    nodes.replica(resource).onEvent((event) => {
      for (const node of concerned(nodes, resource, event)) wake(node);
    }),
  );

  nodes.peerGroups.onChange((namespaces) => {
    if (closed) return;
    for (const namespace of namespaces) for (const node of nodes.nodesNeeding('namespaces', namespace)) wake(node);
  });

  return {
    fetching: (node) => void pending.delete(node),
    wake,
    close() {
      closed = true;
      for (const each of unsubscribe) each();
    },
  };
}

/** The nodes whose desired state an event changes. */
function concerned(nodes: NodeIndex, resource: NodeResource, event: ReplicaEvent): Iterable<string> {
  switch (resource) {
    case 'pods': {
      const bound = boundPod(event.entry);
      return bound && !onlyStatus(event) ? [bound.node] : [];
    }
    case 'configmaps':
    case 'secrets':
      return nodes.nodesNeeding(resource, event.entry.name);
    case 'persistentvolumes': {
      const home = homeOf(event.entry);
      return new Set([...(home ? [home] : []), ...nodes.nodesNeeding(resource, event.entry.name)]);
    }
    case 'persistentvolumeclaims':
    case 'namespaces':
      return nodes.nodesNeeding(resource, event.entry.name);
    case 'networking.k8s.io/networkpolicies':
      return nodes.nodesNeeding('namespaces', namespaceOf(event.entry.name));
    case 'nodes':
      return sameToOthers(event) ? [] : allNodes(nodes);
    default:
      return allNodes(nodes);
  }
}

function* allNodes(nodes: NodeIndex): Iterable<string> {
  for (const { name } of nodes.replica('nodes').snapshot()) yield name;
}

/** A pod's status mostly comes from its node, which need not receive it. */
function onlyStatus({ type, entry, previous }: ReplicaEvent): boolean {
  if (type !== 'MODIFIED' || !previous) return false;
  const [before, after] = [previous.object as V1Pod, entry.object as V1Pod];
  return (
    before.metadata?.uid === after.metadata?.uid &&
    before.metadata?.deletionTimestamp === after.metadata?.deletionTimestamp &&
    before.metadata?.deletionGracePeriodSeconds === after.metadata?.deletionGracePeriodSeconds &&
    deepEqual(before.metadata?.labels, after.metadata?.labels) &&
    deepEqual(before.metadata?.annotations, after.metadata?.annotations) &&
    deepEqual(before.spec, after.spec)
  );
}

/** Other nodes care where a node is, not how it is. */
function sameToOthers({ type, entry, previous }: ReplicaEvent): boolean {
  if (type !== 'MODIFIED' || !previous) return false;
  const [before, after] = [previous.object as V1Node, entry.object as V1Node];
  return (
    deepEqual(before.spec, after.spec) &&
    deepEqual(before.metadata?.labels, after.metadata?.labels) &&
    deepEqual(before.metadata?.annotations, after.metadata?.annotations) &&
    deepEqual(before.status?.addresses, after.status?.addresses)
  );
}
