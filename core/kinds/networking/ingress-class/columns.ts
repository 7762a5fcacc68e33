// What `kubectl get` shows of IngressClasses.

import type { V1IngressClass } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1IngressClass>('Controller', ({ spec }) => spec?.controller),
  text<V1IngressClass>('Parameters', ({ spec }) => {
    const parameters = spec?.parameters;
    if (!parameters) return none;
    return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`;
  }),
  ageColumn,
];
