// What `kubectl get` shows of ControllerRevisions.

import type { V1ControllerRevision } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ControllerRevision>('Controller', controllerOf),
  integer<V1ControllerRevision>('Revision', ({ revision }) => revision),
  ageColumn,
];

function controllerOf({ metadata }: V1ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((each) => each.controller);
  if (!owner) return none;
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
