// The namespace controller: empties a namespace that is being deleted, pods first (KEP-5080), then lets it go.

import type { TypeName } from '../../core/store/store.ts';
import { canonical } from './child-name.ts';
import { sameJson, setCondition } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type Live,
  type ObjectOf,
  type Snapshot,
  watch,
  watchSelf,
} from './controller.ts';

const type = 'namespaces';
const finalizer = 'kubernetes';

type Namespace = ObjectOf<typeof type>;

interface Content {
  readonly type: string;
  readonly resource: string;
  readonly objects: readonly Live<object>[];
}

const apiServices = 'apiregistration.k8s.io/apiservices';

/** Set by the API server, which alone reaches extension API servers (functions/apiserver/aggregation). */
const aggregatedContentDeleted = 'AggregatedContentDeleted';

export const namespaceController = defineController({
  name: 'namespace',
  user: controllerUser('namespace-controller'),
  watches: [
    watchSelf(type),
    // One that goes may be what a namespace waited for.
    watch(apiServices, ({ object }, snapshot: Snapshot<typeof type>) =>
      object.spec?.service
        ? snapshot.list(type).flatMap(({ metadata }) => (metadata.deletionTimestamp ? [metadata.name] : []))
        : [],
    ),
    {
      type: '*',
      keys: ({ object }, snapshot) => {
        const { namespace } = object.metadata;
        if (!namespace) return [];
        return snapshot.get(type, '', namespace)?.metadata.deletionTimestamp ? [namespace] : [];
      },
    },
  ],
  owns: ['*'],
  reconcile(snapshot, name, { now }): Action<TypeName>[] {
    const namespace = snapshot.get(type, '', name);
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(finalizer)) return [];
    const contents = contentsOf(snapshot, name);
    const conditions = conditionsOf(namespace, contents, now);
    const status = { ...namespace.status, phase: 'Terminating', conditions };
    const settled = sameJson(status, namespace.status);
    const report: Action<TypeName>[] = settled
      ? []
      : [{ do: 'update', type, subresource: 'status', object: { ...namespace, status } }];
    if (contents.length) return [...removals(contents), ...report];
    if (!settled) {
      // The view of some type may be behind: everything is deleted by type once more, and looked at again, before the end.
      const sweeps = [...snapshot.types.filter((each) => each.namespaced).map((each) => each.type), 'events'];
      return [
        ...sweeps.map((each): Action<TypeName> => ({ do: 'deleteCollection', type: each, namespace: name })),
        { do: 'barrier' },
        ...report,
      ];
    }
    if (waitsForExtensions(snapshot, namespace)) return [];
    const finalizers = namespace.spec.finalizers.filter((each) => each !== finalizer);
    const object = { ...namespace, spec: { ...namespace.spec, finalizers } };
    return [{ do: 'update', type, subresource: 'finalize', object }];
  },
});

/** What other API servers keep in the namespace must be gone too; its own change of the condition wakes this key. */
function waitsForExtensions(snapshot: Snapshot<'apiregistration.k8s.io/apiservices'>, { status }: Namespace): boolean {
  if (!snapshot.list(apiServices).some(({ spec }) => spec?.service)) return false;
  return !status?.conditions?.some((each) => each.type === aggregatedContentDeleted && each.status === 'True');
}

function contentsOf(snapshot: Snapshot<TypeName>, name: string): Content[] {
  return snapshot.types
    .filter((each) => each.namespaced)
    .map((each) => {
      const resource = each.type.slice(each.type.indexOf('/') + 1);
      return { type: each.type, resource, objects: snapshot.list(each.type, name) };
    })
    .filter((each) => each.objects.length);
}

function removals(contents: readonly Content[]): Action<TypeName>[] {
  const pods = contents.filter((each) => each.type === 'pods');
  const first = pods.length ? pods : contents;
  return first.flatMap((each) =>
    each.objects
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(
        ({ metadata: { namespace = '', name, uid } }): Action<TypeName> => ({
          do: 'delete',
          type: each.type,
          namespace,
          name,
          options: { propagationPolicy: 'Background', preconditions: { uid } },
        }),
      ),
  );
}

function conditionsOf(namespace: Namespace, contents: readonly Content[], now: number) {
  const remaining = contents.map(({ type: log, resource, objects }) => {
    const group = log.includes('/') ? log.slice(0, log.indexOf('/')) : '';
    return `${resource}.${group} has ${objects.length} resource instances`;
  });
  const finalizers = new Map<string, number>();
  for (const { objects } of contents) {
    for (const { metadata } of objects) {
      for (const each of metadata.finalizers ?? []) finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
    }
  }
  const held = [...finalizers].sort().map(([each, count]) => `${each} in ${count} resource instances`);
  let conditions = namespace.status?.conditions;
  const set = (name: string, status: string, reason: string, message: string) => {
    const before = conditions?.find((each) => each.type === name);
    const next = { type: name, status, reason, message };
    if (before && canonical({ ...before, lastTransitionTime: undefined }) === canonical(next)) return;
    conditions = setCondition(conditions, next, now);
  };
  set('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered');
  set(
    'NamespaceDeletionGroupVersionParsingFailure',
    'False',
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  );
  set(
    'NamespaceDeletionContentFailure',
    'False',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  );
  if (remaining.length) {
    set(
      'NamespaceContentRemaining',
      'True',
      'SomeResourcesRemain',
      `Some resources are remaining: ${remaining.join(', ')}`,
    );
  } else set('NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed');
  if (held.length) {
    const message = `Some content in the namespace has finalizers remaining: ${held.join(', ')}`;
    set('NamespaceFinalizersRemaining', 'True', 'SomeFinalizersRemain', message);
  } else {
    set(
      'NamespaceFinalizersRemaining',
      'False',
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
    );
  }
  return conditions;
}
