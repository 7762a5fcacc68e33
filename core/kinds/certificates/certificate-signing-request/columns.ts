// What `kubectl get` shows of CertificateSigningRequests.

import type { V1CertificateSigningRequest } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { humanDuration } from '../../../machinery/time.ts';

export const columns: readonly Column[] = [
  nameColumn,
  ageColumn,
  text<V1CertificateSigningRequest>('SignerName', ({ spec }) => spec.signerName || none),
  text<V1CertificateSigningRequest>('Requestor', ({ spec }) => spec.username),
  text<V1CertificateSigningRequest>('RequestedDuration', ({ spec }) =>
    spec.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000),
  ),
  text<V1CertificateSigningRequest>('Condition', signingCondition),
];

function signingCondition({ status }: V1CertificateSigningRequest): string {
  const found = new Set((status?.conditions ?? []).map((each) => each.type));
  const decision = found.has('Denied') ? 'Denied' : found.has('Approved') ? 'Approved' : 'Pending';
  const words = [decision, ...(found.has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])];
  return words.join(',');
}
