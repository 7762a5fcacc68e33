// Deletes pods that nobody will finish: of nodes that are gone, deleted before they had a node, and finished ones beyond a limit.

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { setCondition } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  keyOf,
  type ObjectOf,
  type Snapshot,
  splitKey,
  watch,
} from './controller.ts';

type Pod = ObjectOf<'pods'>;

/** A node that is gone may come back under its name: its pods wait this long, in milliseconds. */
const quarantine = 40_000;
/** Finished pods that are kept, as --terminated-pod-gc-threshold. */
const finishedLimit = 12_500;

export const podGarbageCollector = defineController({
  name: 'pod-garbage-collector',
  user: controllerUser('pod-garbage-collector'),
  watches: [
    watch('pods', ({ type, object, previous }, snapshot: Snapshot<'nodes'>) => {
      if (type === 'DELETED') return [];
      const keys = isDoomed(snapshot, object) ? [keyOf(object)] : [];
      // Counting them all is for the moment when one more ends.
      if (isFinished(object) && !(previous && isFinished(previous))) keys.push('finished');
      return keys;
    }),
    watch('nodes', ({ type, object }, snapshot: Snapshot<'pods'>) =>
      type === 'DELETED' ? snapshot.podsOnNode(object.metadata.name).map(keyOf) : [],
    ),
  ],
  owns: ['pods'],
  reconcile(snapshot, key, { now }): Action<'pods'>[] {
    if (key === 'finished') return surplus(snapshot);
    const { namespace, name } = splitKey(key);
    const pod = snapshot.get('pods', namespace, name);
    if (!pod || !isDoomed(snapshot, pod)) return [];
    const node = pod.spec?.nodeName;
    if (!node || isOutOfService(snapshot, node)) return [force(pod)];
    // Without a note of when the node went, the pod's own condition is the note.
    const marked = pod.status?.conditions?.find((each) => each.type === 'DisruptionTarget');
    const since = marked?.reason === 'DeletionByPodGC' ? Date.parse(marked.lastTransitionTime ?? '') : undefined;
    if (since === undefined)
      return [
        { do: 'expectAbsent', type: 'nodes', namespace: '', name: node },
        { do: 'barrier' },
        mark(pod, now),
        { do: 'requeue', afterMs: quarantine },
      ];
    if (now < since + quarantine) return [{ do: 'requeue', afterMs: since + quarantine - now }];
    return [{ do: 'expectAbsent', type: 'nodes', namespace: '', name: node }, { do: 'barrier' }, fail(pod), force(pod)];
  },
});

function isDoomed(snapshot: Snapshot<'nodes'>, pod: Pod): boolean {
  const node = pod.spec?.nodeName;
  if (!node) return pod.metadata.deletionTimestamp !== undefined;
  if (!snapshot.get('nodes', '', node)) return true;
  return pod.metadata.deletionTimestamp !== undefined && isOutOfService(snapshot, node);
}

/** KEP-2268: somebody said that the node will not come back by itself. */
function isOutOfService(snapshot: Snapshot<'nodes'>, name: string): boolean {
  const node = snapshot.get('nodes', '', name);
  const ready = node?.status?.conditions?.find((each) => each.type === 'Ready')?.status === 'True';
  return !ready && node?.spec?.taints?.some((each) => each.key === 'node.kubernetes.io/out-of-service') === true;
}

function mark(pod: Pod, now: number): Action<'pods'> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
  };
  const status = { ...pod.status, conditions: setCondition(pod.status?.conditions, condition, now) };
  return { do: 'update', type: 'pods', subresource: 'status', object: { ...pod, status } };
}

function fail(pod: Pod): Action<'pods'> {
  const status = { ...pod.status, phase: isFinished(pod) ? pod.status?.phase : 'Failed' };
  return { do: 'update', type: 'pods', subresource: 'status', object: { ...pod, status } };
}

function force({ metadata: { namespace = '', name, uid } }: Pod): Action<'pods'> {
  return { do: 'delete', type: 'pods', namespace, name, options: { gracePeriodSeconds: 0, preconditions: { uid } } };
}

function surplus(snapshot: Snapshot<'pods'>): Action<'pods'>[] {
  const finished = snapshot.list('pods').filter((each) => isFinished(each) && !each.metadata.deletionTimestamp);
  const excess = finished.length - finishedLimit;
  if (excess <= 0) return [];
  const age = ({ metadata }: Pod) => metadata.creationTimestamp ?? '';
  return finished
    .sort((a, b) => (age(a) < age(b) ? -1 : 1))
    .slice(0, excess)
    .map(force);
}
