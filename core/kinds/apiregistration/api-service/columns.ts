// What `kubectl get` shows of APIServices.

import type { V1APIService } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1APIService>('Service', ({ spec }) =>
    spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
  ),
  text<V1APIService>('Available', ({ status }) => {
    const available = status?.conditions?.find((each) => each.type === 'Available');
    if (!available) return 'Unknown';
    return available.status === 'True' || !available.reason
      ? available.status
      : `${available.status} (${available.reason})`;
  }),
  ageColumn,
];
