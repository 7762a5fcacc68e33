// Roles and their bindings.

import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1PolicyRule,
  V1Role,
  V1RoleBinding,
} from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { pathSegmentName, pathSegmentPrefix } from '../../machinery/names.ts';
import { semanticEqual } from '../semantic-equal.ts';
import { strategy } from '../strategy.ts';

const validateName = (name: string, prefix: boolean) => (prefix ? pathSegmentPrefix(name) : pathSegmentName(name));

export const role = strategy<V1Role>({
  validateName,
  createOnUpdate: true,
  validate: ({ rules }) => validateRules(rules ?? [], true),
});

export const clusterRole = strategy<V1ClusterRole>({
  validateName,
  createOnUpdate: true,
  validate({ rules, aggregationRule }) {
    const errors = validateRules(rules ?? [], false);
    if (aggregationRule && !aggregationRule.clusterRoleSelectors?.length) {
      errors.push(
        required(
          'aggregationRule.clusterRoleSelectors',
          'at least one clusterRoleSelector required if aggregationRule is non-nil',
        ),
      );
    }
    aggregationRule?.clusterRoleSelectors?.forEach((selector, index) => {
      errors.push(...validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`));
    });
    return errors;
  },
});

type Binding = V1RoleBinding | V1ClusterRoleBinding;

const bindingOf = (roleKinds: readonly string[], namespaced: boolean) =>
  strategy<Binding>({
    validateName,
    createOnUpdate: true,
    defaults({ subjects }) {
      for (const subject of subjects ?? []) {
        if (subject.apiGroup !== undefined) continue;
        if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup = 'rbac.authorization.k8s.io';
      }
    },
    validate({ roleRef, subjects }) {
      const errors: FieldError[] = [];
      // The default of a reference that says nothing at all.
      if (roleRef && roleRef.apiGroup !== 'rbac.authorization.k8s.io')
        errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', ['rbac.authorization.k8s.io']));
      if (!roleKinds.includes(roleRef?.kind ?? ''))
        errors.push(notSupported('roleRef.kind', roleRef?.kind ?? '', roleKinds));
      if (!roleRef?.name) errors.push(required('roleRef.name'));
      subjects?.forEach((subject, index) => {
        const path = `subjects[${index}]`;
        if (!subject.name) errors.push(required(`${path}.name`));
        if (subject.kind === 'ServiceAccount') {
          if (subject.apiGroup) errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup, ['']));
          if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
        } else if (subject.kind !== 'User' && subject.kind !== 'Group') {
          errors.push(notSupported(`${path}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
        }
      });
      return errors;
    },
    validateUpdate: (object, old) =>
      semanticEqual(object.roleRef, old.roleRef)
        ? []
        : [invalidValue('roleRef', object.roleRef, 'cannot change roleRef')],
  });

export const roleBinding = bindingOf(['ClusterRole', 'Role'], true);
export const clusterRoleBinding = bindingOf(['ClusterRole'], false);

function validateRules(rules: readonly V1PolicyRule[], namespaced: boolean): FieldError[] {
  return rules.flatMap((rule, index) => {
    const path = `rules[${index}]`;
    const errors: FieldError[] = [];
    if (!rule.verbs?.length) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
    if (rule.nonResourceURLs?.length) {
      if (namespaced)
        errors.push(
          invalidValue(
            `${path}.nonResourceURLs`,
            rule.nonResourceURLs,
            'namespaced rules cannot apply to non-resource URLs',
          ),
        );
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        errors.push(
          invalidValue(
            `${path}.nonResourceURLs`,
            rule.nonResourceURLs,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        );
      }
      return errors;
    }
    if (!rule.apiGroups?.length)
      errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length)
      errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });
}
