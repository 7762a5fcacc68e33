// Brings what happens in the cluster into the model, and wakes the waiting pods that it may help.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { labelSelectorOf, labelSelectorOfSet } from '../../core/machinery/labels.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { Entry, Replica, ReplicaEvent } from '../../core/replica/replica.ts';
import type { Stored } from '../../core/replica/stored-type.ts';
import { schedulerReads, schedulerWatches } from '../../core/work/scheduler-types.ts';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { DefaultSpread } from './default-spread.ts';
import { type PodClass, type PodInfo, podInfo } from './pod-info.ts';
import type { SchedulingQueue } from './queue.ts';
import { assignedPodEvents, type ChangeEvents, eventsOf, type OnEntered, podEvents } from './queue-events.ts';
import { fitsOn, type SchedulerState } from './schedule.ts';

/** What the scheduler follows. Pods last: what they refer to is known by then. */
export const followedTypes = [...schedulerReads, ...schedulerWatches] as const;
export type FollowedType = (typeof followedTypes)[number];

/** The replicas of what is followed: the scheduler sees nothing else. */
export interface FollowedReplicas {
  readonly of: <T extends FollowedType>(type: T) => Promise<Replica<Stored<T>>>;
  readonly peek: <T extends FollowedType>(type: T) => Replica<Stored<T>> | undefined;
}

export interface FeedOptions {
  readonly state: SchedulerState;
  readonly queue: SchedulingQueue;
  readonly isOurs: (schedulerName: string) => boolean;
  /** Told of pods that wait for the end of their gates; all others are the queue's. */
  readonly entered?: OnEntered | undefined;
  /** Something waits, or may be helped. */
  readonly onWork: () => void;
  /** A pod is bound, gone or finished, or not ours to place (any more). */
  readonly onSettled: (key: string) => void;
  readonly onClaim: () => void;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export type Feed = {
  /** Told of everything once, as ADDED, and then of each event. */
  apply<T extends FollowedType>(type: T, change: ReplicaEvent['type'], entry: Entry<Stored<T>>): void;
  /** Wakes whom the changes since the last call may help. */
  settle(): void;
  /** A pod as it is now: for one that comes back into the queue. */
  infoOf(pod: V1Pod): PodInfo;
  /** Pods were placed: a pod that waits for others of its group may fit now. */
  placed(): void;
  /** Our pods that are not to be placed before their gates are gone. */
  readonly gated: number;
};

/** What happened to an object. */
interface Change {
  readonly key: string;
  readonly gone: boolean;
  /** As Kubernetes calls it. */
  readonly event: string;
}

/** One for each type that is followed. */
type Handlers = { readonly [T in FollowedType]: (object: Stored<T>, change: Change) => void };

/** What wakes the scheduler has an event by which it wakes pods; those of pods are told apart in `applyPod`. */
const eventsByType: Readonly<Record<Exclude<(typeof schedulerWatches)[number], 'pods'>, ChangeEvents>> = {
  nodes: eventsOf('Node'),
  namespaces: eventsOf('Namespace'),
  persistentvolumes: eventsOf('PersistentVolume'),
  persistentvolumeclaims: eventsOf('PersistentVolumeClaim'),
  'storage.k8s.io/storageclasses': eventsOf('StorageClass'),
  'storage.k8s.io/csinodes': eventsOf('CSINode'),
  'scheduling.x-k8s.io/podgroups': eventsOf('PodGroup'),
};

export function createFeed({ state, queue, isOurs, entered, onWork, onSettled, onClaim, clock }: FeedOptions): Feed {
  const { model } = state;
  const spread = new DefaultSpread();
  // What changed, and by which event.
  /** Nodes that may take more than before, by name. */
  const roomier = new Map<string, string>();
  /** Pod groups that got more members, or need less. */
  const groupsChanged = new Map<string, string>();
  let podsChanged: string | undefined;
  let volumesChanged: string | undefined;
  const gated = new Set<string>();

  function changed(): void {
    if (queue.sleeping > 0) onWork();
    else forgetChanges();
  }

  function forgetChanges(): void {
    roomier.clear();
    groupsChanged.clear();
    podsChanged = undefined;
    volumesChanged = undefined;
  }

  function settle(): void {
    if (queue.sleeping > 0 && (roomier.size > 0 || groupsChanged.size > 0 || podsChanged || volumesChanged)) {
      const nodes = [...roomier].flatMap(([name, event]) => {
        const node = model.nodes.get(name);
        return node ? [{ node, event }] : [];
      });
      const answers = new Map<PodClass, string | undefined>();
      queue.wake((pod, blockedBy) => {
        const byGroup = pod.group === undefined ? undefined : groupsChanged.get(pod.group);
        if (byGroup) return byGroup;
        if (podsChanged && blockedBy.has('pods')) return podsChanged;
        if (volumesChanged && blockedBy.has('volumes')) return volumesChanged;
        if (nodes.length === 0) return undefined;
        // A nominated pod is not in its own way: its answer is its own.
        const nominated = model.nominatedNode(pod.key) !== undefined;
        if (!nominated && answers.has(pod.class)) return answers.get(pod.class);
        const helped = nodes.find(({ node }) => fitsOn(state, pod, node))?.event;
        if (!nominated) answers.set(pod.class, helped);
        return helped;
      }, clock());
    }
    forgetChanges();
  }

  function applyNode(node: V1Node, gone: boolean, event: string): void {
    const name = node.metadata?.name ?? '';
    if (gone) model.removeNode(name);
    else if (!model.setNode(node)) return;
    else roomier.set(name, event);
    // Its domain may be new, or gone.
    podsChanged = event;
    changed();
  }

  function keep<T>(map: Map<string, T>, key: string, value: T, gone: boolean): void {
    if (gone) map.delete(key);
    else map.set(key, value);
  }

  function applyPod(pod: V1Pod, gone: boolean): void {
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    const finished = isFinished(pod);
    const wasGated = gated.size > 0 && gated.delete(key);
    if (gone || finished) {
      leave(key);
      return;
    }
    const node = pod.spec?.nodeName;
    if (node) {
      queue.remove(key);
      onSettled(key);
      const before = model.placed(key);
      if (before && model.nodeOf(key) === node && !countsOtherwise(before, pod)) return;
      model.placePod(infoOf(pod), node);
      podsChanged = before ? assignedPodEvents.MODIFIED : assignedPodEvents.ADDED;
      if (before) roomier.set(node, podsChanged);
      changed();
      return;
    }
    const ours = isOurs(pod.spec?.schedulerName || 'default-scheduler');
    if (!ours || pod.spec?.schedulingGates?.length || pod.metadata?.deletionTimestamp) {
      if (ours && !pod.metadata?.deletionTimestamp) {
        gated.add(key);
        if (!wasGated) entered?.('unschedulable', podEvents.ADDED);
      }
      leave(key);
      return;
    }
    // Placed in the model and unbound in the API: a bind is under way.
    if (model.nodeOf(key) !== undefined) return;
    const waiting = queue.get(key);
    if (waiting && waiting.uid === pod.metadata?.uid && isSameRequest(waiting.pod, pod)) return;
    const info = infoOf(pod);
    const nominated = pod.status?.nominatedNodeName;
    if (nominated && !model.nominatedNode(key)) model.nominate(info, nominated);
    queue.add(info, clock(), waiting || wasGated ? podEvents.MODIFIED : podEvents.ADDED);
    onWork();
  }

  function leave(key: string): void {
    queue.remove(key);
    onSettled(key);
    const nominatedTo = model.withdraw(key);
    const node = model.removePod(key);
    if (!node && !nominatedTo) return;
    const event = node ? assignedPodEvents.DELETED : podEvents.DELETED;
    if (nominatedTo) roomier.set(nominatedTo, event);
    if (node) roomier.set(node, event);
    podsChanged = event;
    volumesChanged = event;
    changed();
  }

  function infoOf(pod: V1Pod): PodInfo {
    return podInfo(pod, spread.selectorFor(pod));
  }

  function volumeChanged(event: string): void {
    volumesChanged = event;
    changed();
  }

  const handlers: Handlers = {
    pods: (pod, { gone }) => applyPod(pod, gone),
    nodes: (node, { gone, event }) => applyNode(node, gone, event),
    namespaces(namespace, { key, gone, event }) {
      keep(model.namespaces, key, namespace, gone);
      model.topology.namespaceChanged();
      podsChanged = event;
      changed();
    },
    'policy/poddisruptionbudgets'(budget, { key, gone }) {
      keep(model.budgets, key, budget, gone);
      model.budgetVersion += 1;
    },
    'scheduling.x-k8s.io/podgroups'(group, { key, gone, event }) {
      // as: what is read of a custom resource whose definition says so.
      keep(model.groups, key, (group as { spec?: { minMember?: number } }).spec?.minMember ?? 1, gone);
      groupsChanged.set(key, event);
      changed();
    },
    persistentvolumes(volume, { key, gone, event }) {
      keep(model.volumes, key, volume, gone);
      if (gone || volume.spec?.claimRef) model.promised.delete(key);
      volumeChanged(event);
    },
    'storage.k8s.io/storageclasses'(storageClass, { key, gone, event }) {
      keep(model.storageClasses, key, storageClass, gone);
      volumeChanged(event);
    },
    'storage.k8s.io/csinodes'(node, { key, gone, event }) {
      keep(model.csiNodes, key, node, gone);
      volumeChanged(event);
    },
    persistentvolumeclaims(claim, { key, gone, event }) {
      keep(model.claims, key, claim, gone);
      onClaim();
      volumeChanged(event);
    },
    services: ({ spec }, { key, gone }) => spread.setService(key, gone ? undefined : spec?.selector),
    replicationcontrollers: ({ spec }, { key, gone }) =>
      spread.setWorkload('replicationcontrollers', key, gone ? undefined : labelSelectorOfSet(spec?.selector)),
    'apps/replicasets': ({ spec }, { key, gone }) =>
      spread.setWorkload('apps/replicasets', key, gone ? undefined : labelSelectorOf(spec?.selector)),
    'apps/statefulsets': ({ spec }, { key, gone }) =>
      spread.setWorkload('apps/statefulsets', key, gone ? undefined : labelSelectorOf(spec?.selector)),
  };

  return {
    infoOf,
    settle,
    get gated() {
      return gated.size;
    },
    placed() {
      podsChanged = assignedPodEvents.ADDED;
      changed();
    },
    apply(type, change, { name: key, object }) {
      const event = getOwn(eventsByType, type)?.[change] ?? type;
      handlers[type](object, { key, gone: change === 'DELETED', event });
    },
  };
}

/** Whether a placed pod counts otherwise than before: its labels, its size, or that it is on its way out. */
function countsOtherwise(before: PodInfo, pod: V1Pod): boolean {
  if (before.uid !== pod.metadata?.uid || before.terminating !== Boolean(pod.metadata?.deletionTimestamp)) return true;
  if (JSON.stringify(before.labels) !== JSON.stringify(pod.metadata?.labels ?? {})) return true;
  const sizes = ({ spec }: V1Pod) => JSON.stringify(spec?.containers.map(({ resources }) => resources));
  return sizes(before.pod) !== sizes(pod);
}

function isSameRequest(before: V1Pod, after: V1Pod): boolean {
  const text = (pod: V1Pod) => JSON.stringify([pod.metadata?.labels, pod.spec]);
  return text(before) === text(after);
}
