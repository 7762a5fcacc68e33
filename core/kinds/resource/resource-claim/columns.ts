// What `kubectl get` shows of ResourceClaims.

import type { ResourceV1ResourceClaim } from '../../../../generated/kubernetes.ts';
import { ageColumn, isDeleting, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [nameColumn, text<ResourceV1ResourceClaim>('State', claimState), ageColumn];

function claimState(claim: ResourceV1ResourceClaim): string {
  const { status } = claim;
  const words = [
    ...(isDeleting(claim) ? ['deleted'] : []),
    ...(status?.allocation ? ['allocated'] : []),
    ...(status?.reservedFor?.length ? ['reserved'] : []),
  ];
  return words.length === 0 ? 'pending' : words.join(',');
}
