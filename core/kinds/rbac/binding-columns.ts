// Columns of RoleBindings and ClusterRoleBindings.

import type { V1ClusterRoleBinding, V1RoleBinding } from '../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../../api/column.ts';
import type { Column } from '../../api/definition.ts';

type AnyBinding = V1RoleBinding | V1ClusterRoleBinding;

export const bindingColumns: readonly Column[] = [
  nameColumn,
  text<AnyBinding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wide(text<AnyBinding>('Users', (binding) => subjects(binding, 'User'))),
  wide(text<AnyBinding>('Groups', (binding) => subjects(binding, 'Group'))),
  wide(text<AnyBinding>('ServiceAccounts', (binding) => subjects(binding, 'ServiceAccount'))),
];

function subjects({ subjects: all = [] }: AnyBinding, kind: string): string {
  return all
    .filter((each) => each.kind === kind)
    .map((each) => (kind === 'ServiceAccount' ? `${each.namespace}/${each.name}` : each.name))
    .join(', ');
}
