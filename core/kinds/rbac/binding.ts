// RoleBindings and ClusterRoleBindings: one strategy for both.

import type { V1ClusterRoleBinding, V1RoleBinding } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { strategyFor } from '../strategy.ts';
import { validateName } from './validate-name.ts';

type Binding = V1RoleBinding | V1ClusterRoleBinding;

export const bindingOf = (roleKinds: readonly string[], namespaced: boolean) =>
  strategyFor<Binding>({
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
