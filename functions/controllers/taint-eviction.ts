// Evicts pods from nodes with NoExecute taints, each after the time that it tolerates them (KEP-3902).

import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { tolerates } from '../../core/machinery/node-match.ts';
import { setCondition, timestamp } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  watch,
  watchSelf,
} from './controller.ts';

type Wanted = Action<'pods' | 'nodes'>;

export const taintEvictionController = defineController({
  name: 'taint-eviction',
  user: controllerUser('node-controller'),
  watches: [
    watchSelf('nodes'),
    watch('pods', ({ type, object, previous }) =>
      type !== 'DELETED' && object.spec?.nodeName && previous?.spec?.nodeName !== object.spec.nodeName
        ? [object.spec.nodeName]
        : [],
    ),
  ],
  owns: ['pods', 'nodes'],
  reconcile(snapshot, name, { now }): Wanted[] {
    const node = snapshot.get('nodes', '', name);
    const taints = node?.spec?.taints?.filter((each) => each.effect === 'NoExecute') ?? [];
    if (!node || !taints.length) return [];
    const actions = snapshot.podsOnNode(name).flatMap((pod): Wanted[] => {
      if (pod.metadata.deletionTimestamp || isFinished(pod)) return [];
      const due = evictionTime(pod, taints, now);
      if (due === undefined) return [];
      return due > now ? [{ do: 'requeue', afterMs: due - now }] : evict(pod, now);
    });
    return actions.some((each) => each.do === 'requeue') ? [...dated(node, now), ...actions] : actions;
  },
});

/** A taint of a user's says not since when it is there: without that a pod's time would begin anew at each look. */
function dated(node: ObjectOf<'nodes'>, now: number): Wanted[] {
  const isUndated = ({ effect, timeAdded }: Taints[number]) => effect === 'NoExecute' && !timeAdded;
  if (!node.spec?.taints?.some(isUndated)) return [];
  const timeAdded = timestamp(now);
  const taints = node.spec.taints.map((each) => (isUndated(each) ? { ...each, timeAdded } : each));
  return [{ do: 'update', type: 'nodes', object: { ...node, spec: { ...node.spec, taints } } }];
}

type Pod = ObjectOf<'pods'>;
type Taints = NonNullable<NonNullable<ObjectOf<'nodes'>['spec']>['taints']>;

/** Undefined: it may stay for good. */
function evictionTime(pod: Pod, taints: Taints, now: number): number | undefined {
  let due: number | undefined;
  for (const taint of taints) {
    const tolerating = (pod.spec?.tolerations ?? []).filter((each) => tolerates(each, taint));
    if (!tolerating.length) return now;
    const since = Date.parse(taint.timeAdded ?? '') || now;
    for (const { tolerationSeconds } of tolerating) {
      if (tolerationSeconds === undefined || tolerationSeconds === null) continue;
      const end = since + Math.max(0, Number(tolerationSeconds)) * 1000;
      due = Math.min(due ?? end, end);
    }
  }
  return due;
}

function evict(pod: Pod, now: number): Wanted[] {
  const { namespace = '', name, uid } = pod.metadata;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  };
  const status = { ...pod.status, conditions: setCondition(pod.status?.conditions, condition, now) };
  const message = `Marking for deletion Pod ${namespace}/${name}`;
  const about = regarding('v1', 'Pod', pod);
  return [
    { do: 'event', regarding: about, event: { type: 'Normal', reason: 'TaintManagerEviction', message } },
    { do: 'update', type: 'pods', subresource: 'status', object: { ...pod, status } },
    { do: 'delete', type: 'pods', namespace, name, options: { preconditions: { uid } } },
  ];
}
