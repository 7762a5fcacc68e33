// ClusterRoles with an aggregationRule have the rules of those that it selects.

import { canonical } from './child-name.ts';
import { sameJson } from './condition.ts';
import { type Action, controllerUser, defineController, watch } from './controller.ts';
import { matchesSelector } from './label-selector.ts';

const type = 'rbac.authorization.k8s.io/clusterroles';

export const clusterRoleAggregationController = defineController({
  name: 'clusterrole-aggregation',
  user: controllerUser('clusterrole-aggregation-controller'),
  watches: [
    watch(type, ({ object, previous }, snapshot) => {
      const names = new Set(object.aggregationRule ? [object.metadata.name] : []);
      for (const each of snapshot.list(type)) {
        const selectors = each.aggregationRule?.clusterRoleSelectors ?? [];
        const concerned = selectors.some(
          (one) => matchesSelector(one, object.metadata.labels) || matchesSelector(one, previous?.metadata.labels),
        );
        if (concerned) names.add(each.metadata.name);
      }
      return [...names];
    }),
  ],
  owns: [type],
  reconcile(snapshot, name): Action<typeof type>[] {
    const role = snapshot.get(type, '', name);
    if (!role?.aggregationRule) return [];
    const rules = new Map<string, object>();
    for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
      const parts = snapshot.list(type, undefined, selector).filter((each) => each.metadata.name !== name);
      for (const each of parts.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
        for (const rule of each.rules ?? []) rules.set(canonical(rule), rule);
      }
    }
    const wanted = [...rules.values()];
    return sameJson(wanted, role.rules ?? []) ? [] : [{ do: 'update', type, object: { ...role, rules: wanted } }];
  },
});
