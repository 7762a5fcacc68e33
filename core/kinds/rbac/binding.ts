// RoleBindings and ClusterRoleBindings: one strategy for both.

import type { V1ClusterRoleBinding, V1RoleBinding, V1RoleRef } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { dns1123Subdomain, pathSegmentName } from '../../machinery/names.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { optionalField, requiredField } from '../rules/field-rule.ts';
import { strategyFor } from '../strategy.ts';
import { validateName } from './validate-name.ts';

type Binding = V1RoleBinding | V1ClusterRoleBinding;

export const bindingOf = (roleKinds: readonly string[], namespaced: boolean) =>
  strategyFor<Binding>({
    validateName,
    createOnUpdate: true,
    defaults({ subjects }) {
      for (const subject of subjects ?? []) {
        if (subject.apiGroup) continue;
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
      errors.push(...requiredField(roleRef?.name, pathSegmentName, 'roleRef.name'));
      subjects?.forEach((subject, index) => {
        const path = `subjects[${index}]`;
        if (!subject.name) errors.push(required(`${path}.name`));
        const person = subject.kind === 'User' || subject.kind === 'Group';
        if (person && !subject.name)
          errors.push(invalidValue(`${path}.name`, '', `${subject.kind.toLowerCase()} name cannot be empty`));
        if (subject.kind === 'ServiceAccount') {
          errors.push(...optionalField(subject.name, dns1123Subdomain, `${path}.name`));
          if (subject.apiGroup) errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup, ['']));
          if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
        } else if (!person) {
          errors.push(notSupported(`${path}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']));
        } else if (subject.apiGroup !== 'rbac.authorization.k8s.io') {
          errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup ?? '', ['rbac.authorization.k8s.io']));
        }
      });
      return errors;
    },
    validateUpdate: (object, old) =>
      semanticEqual(object.roleRef, old.roleRef)
        ? []
        : [invalidValue('roleRef', shownRoleRef(object.roleRef), 'cannot change roleRef')],
  });

/** As Kubernetes shows its own type, whose fields have Go's names. */
function shownRoleRef({ apiGroup = '', kind = '', name = '' }: Partial<V1RoleRef>): object {
  return { APIGroup: apiGroup, Kind: kind, Name: name };
}
