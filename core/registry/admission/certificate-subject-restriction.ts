// CertificateSubjectRestriction: a request must be one, and nobody asks the cluster's client signer for system:masters.
// Source: Kubernetes documentation, "Admission controllers", CertificateSubjectRestriction.

import type { V1CertificateSigningRequest } from '../../../generated/kubernetes.ts';
import type { CertificateRequest } from '../../certificates/certificate-request.ts';
import { clientSigner } from '../../certificates/signers.ts';
import { errorText } from '../../machinery/error-text.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin } from './plugin.ts';

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  operations: ['CREATE'],
  types: ['certificates.k8s.io/certificatesigningrequests'],
  async validate({ object, definition, name }) {
    // What is stored as a request is one.
    const { spec } = object as unknown as V1CertificateSigningRequest;
    const request = await read(spec.request, name);
    if (spec.signerName !== clientSigner || !request.organizations.includes('system:masters')) return;
    const why = `use of ${clientSigner} signer with system:masters group is not allowed`;
    throw forbidden(subjectOf(definition), name, why);
  },
};

async function read(base64: string, name: string): Promise<CertificateRequest> {
  const { readCertificateRequest } = await import('../../certificates/certificate-request.ts');
  try {
    return await readCertificateRequest(Buffer.from(base64, 'base64').toString('latin1'));
  } catch (error) {
    const why = errorText(error);
    throw invalid('CertificateSigningRequest', 'certificates.k8s.io', name, [
      invalidValue('spec.request', '<certificate request data>', why),
    ]);
  }
}
