// What `kubectl get` shows of IPAddresses.

import type { V1IPAddress } from '../../../../generated/kubernetes.ts';
import { nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1IPAddress>('ParentRef', ({ spec }) => {
    const parent = spec?.parentRef;
    if (!parent) return none;
    return [parent.resource + (parent.group ? `.${parent.group}` : ''), parent.namespace, parent.name]
      .filter(Boolean)
      .join('/');
  }),
];
