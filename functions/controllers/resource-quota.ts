// The status of ResourceQuotas: what a namespace uses of what it may. Admission refuses what would go beyond.

import { addQuantities, formatQuantity, quantityOf } from '../../core/machinery/quantity.ts';
import { countedUnder, inScope, usageOf } from '../../core/registry/admission/quota-usage.ts';
import type { TypeName } from '../../core/store/store.ts';
import { sameJson } from './condition.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  type Snapshot,
  splitKey,
  type WatchRule,
  watchSelf,
} from './controller.ts';

const type = 'resourcequotas';

type Quota = ObjectOf<typeof type>;

const anything: WatchRule<'*', typeof type> = {
  type: '*',
  keys: ({ object }, snapshot) =>
    object.metadata.namespace
      ? snapshot
          .list(type, object.metadata.namespace)
          .map((each) => `${object.metadata.namespace}/${each.metadata.name}`)
      : [],
};

export const resourceQuotaController = defineController({
  name: 'resourcequota',
  user: controllerUser('resourcequota-controller'),
  watches: [watchSelf(type), anything],
  owns: [type],
  reconcile(snapshot, key): Action<typeof type>[] {
    const { namespace, name } = splitKey(key);
    const quota = snapshot.get(type, namespace, name);
    if (!quota || quota.metadata.deletionTimestamp) return [];
    const hard = quota.spec?.hard ?? {};
    const used = usage(snapshot, quota, Object.keys(hard));
    const status = { hard, used };
    if (sameJson(status, quota.status)) return [];
    return [{ do: 'update', type, subresource: 'status', object: { ...quota, status } }];
  },
});

/** By the names that the quota limits. Objects of a resource are counted once, whatever is limited of them. */
function usage(
  snapshot: Snapshot<TypeName>,
  { metadata, spec }: Quota,
  names: readonly string[],
): Record<string, string> {
  const totals = new Map(names.map((each) => [each, quantityOf(0)]));
  const counted = new Map(names.map(countedUnder).map((each) => [typeName(each), each]));
  for (const [type, resource] of counted) {
    for (const each of snapshot.list(type, metadata.namespace)) {
      const object = each;
      if (!inScope(spec ?? {}, resource, object)) continue;
      for (const [name, amount] of usageOf(resource, object)) {
        const before = totals.get(name);
        if (before) totals.set(name, addQuantities(before, amount));
      }
    }
  }
  return Object.fromEntries([...totals].map(([name, total]) => [name, formatQuantity(total)]));
}

const typeName = ({ group, resource }: ReturnType<typeof countedUnder>) => (group ? `${group}/${resource}` : resource);
