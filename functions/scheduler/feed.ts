// Brings what happens in the cluster into the model, and wakes the waiting pods that it may help.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { ReplicaEvent } from '../../core/replica/replica.ts';
import { schedulerReads, schedulerWatches } from '../../core/work/scheduler-types.ts';
import type { V1Node, V1PersistentVolume, V1Pod, V1Service } from '../../generated/kubernetes.ts';
import { DefaultSpread } from './default-spread.ts';
import { type PodClass, type PodInfo, podInfo } from './pod-info.ts';
import type { SchedulingQueue } from './queue.ts';
import { assignedPodEvents, type ChangeEvents, eventsOf, type OnEntered, podEvents } from './queue-events.ts';
import { fitsOn, type SchedulerState } from './schedule.ts';

/** What the scheduler follows. Pods last: what they refer to is known by then. */
export const followedTypes = [...schedulerReads, ...schedulerWatches] as const;
export type FollowedType = (typeof followedTypes)[number];

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
  apply(type: FollowedType, change: ReplicaEvent['type'], object: unknown): void;
  /** Wakes whom the changes since the last call may help. */
  settle(): void;
  /** A pod as it is now: for one that comes back into the queue. */
  infoOf(pod: V1Pod): PodInfo;
  /** Pods were placed: whoever waits for company may be helped. */
  placed(): void;
  /** Our pods that are not to be placed before their gates are gone. */
  readonly gated: number;
};

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
    apply(type, change, object) {
      const gone = change === 'DELETED';
      // as: what is stored under a type was validated as that type.
      const { namespace, name = '' } = (object as V1Pod).metadata ?? {};
      const key = namespace ? `${namespace}/${name}` : name;
      const event = getOwn(eventsByType, type)?.[change] ?? type;
      switch (type) {
        case 'pods':
          applyPod(object as V1Pod, gone);
          return;
        case 'nodes':
          applyNode(object as V1Node, gone, event);
          return;
        case 'namespaces':
          keep(model.namespaces, key, object, gone);
          model.topology.namespaceChanged();
          podsChanged = event;
          changed();
          return;
        case 'policy/poddisruptionbudgets':
          keep(model.budgets, key, object, gone);
          model.budgetVersion += 1;
          return;
        case 'scheduling.x-k8s.io/podgroups': {
          const needed = (object as { spec?: { minMember?: number } }).spec?.minMember;
          keep(model.groups, key, needed ?? 1, gone);
          groupsChanged.set(key, event);
          changed();
          return;
        }
        case 'persistentvolumes':
          keep(model.volumes, key, object as V1PersistentVolume, gone);
          if (gone || (object as V1PersistentVolume).spec?.claimRef) model.promised.delete(key);
          break;
        case 'storage.k8s.io/storageclasses':
          keep(model.storageClasses, key, object, gone);
          break;
        case 'storage.k8s.io/csinodes':
          keep(model.csiNodes, key, object, gone);
          break;
        case 'persistentvolumeclaims':
          keep(model.claims, key, object, gone);
          onClaim();
          break;
        default:
          spread.set(type, object as V1Service, gone);
          return;
      }
      volumesChanged = event;
      changed();
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
