// CertificateSigningRequests.

import type { Kind } from '../../../api/kind.ts';

export const kind: Kind = {
  group: 'certificates.k8s.io',
  versions: ['v1'],
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  selectableFields: ['spec.signerName'],
};
