// Whether a FlowSchema leads anywhere: its condition Dangling is True while its PriorityLevelConfiguration does not exist, and
// requests then pass it by. Source: KEP-1040; flowcontrol.apiserver.k8s.io/v1 FlowSchemaStatus.

import { type Condition, findCondition, sameJson, setCondition } from './condition.ts';
import { type Action, defineController, keyOf, type Snapshot, watch, watchSelf } from './controller.ts';
import { patchWithPreconditions } from './preconditions.ts';

const flows = 'flowcontrol.apiserver.k8s.io/flowschemas';
const levels = 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations';

export const flowSchemaController = defineController({
  name: 'flow-schema',
  // As in Kubernetes, where the API server itself does it.
  user: 'system:apiserver',
  watches: [
    watchSelf(flows),
    watch(levels, ({ type, object }, snapshot: Snapshot<typeof flows>) =>
      type === 'MODIFIED'
        ? []
        : snapshot
            .list(flows)
            .filter((each) => levelOf(each) === object.metadata.name)
            .map(keyOf),
    ),
  ],
  owns: [flows],
  reconcile(snapshot, name, { now }): Action<typeof flows>[] {
    const flow = snapshot.get(flows, '', name);
    if (!flow || flow.metadata.deletionTimestamp) return [];
    const level = levelOf(flow);
    const there = snapshot.get(levels, '', level) !== undefined;
    const what = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
    const wanted = {
      type: 'Dangling',
      status: there ? 'False' : 'True',
      reason: there ? 'Found' : 'NotFound',
      message: there ? `${what} and it exists` : `${what} but there is no such object`,
    };
    const conditions = flow.status?.conditions as Condition[] | undefined; // each has a type: it is the list's key
    const before = findCondition(conditions, wanted.type);
    if (before && sameJson({ ...before, ...wanted }, before)) return [];
    return [
      patchWithPreconditions(flows, flow, { status: { conditions: setCondition(conditions, wanted, now) } }, 'status'),
    ];
  },
});

function levelOf({ spec }: { readonly spec?: { readonly priorityLevelConfiguration?: { readonly name?: string } } }) {
  return spec?.priorityLevelConfiguration?.name ?? '';
}
