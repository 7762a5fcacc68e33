// CertificateSubjectRestriction: a request must be one, nobody asks the cluster's client signer for system:masters, and a node asks for
// certificates of its own only. Read here, at approval, at signing and by the TLS edge with one reader.
// Source: Kubernetes documentation, "Admission controllers", CertificateSubjectRestriction, NodeRestriction.

import type { CertificateRequest } from '../../certificates/certificate-request.ts';
import type { CertifiedIdentity } from '../../certificates/distinguished-name.ts';
import {
  clientSigner,
  kubeletClientSigner,
  kubeletServingSigner,
  ownSigners,
  requestedIdentity,
} from '../../certificates/signers.ts';
import { errorText } from '../../machinery/error-text.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import { forbidden, type StatusError } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import { type AdmissionPlugin, type Attributes, type AttributesOf, isOfType } from './plugin.ts';

const requests = 'certificates.k8s.io/certificatesigningrequests';

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  operations: ['CREATE'],
  types: [requests],
  async validate(attributes) {
    if (!isOfType(attributes, requests) || !attributes.object) return;
    const { spec } = attributes.object;
    const request = await read(spec.request, attributes.name);
    // Other signers have rules of their own, also for empty subjects.
    if (!ownSigners.has(spec.signerName)) return;
    const identity = identityIn(request, attributes.name);
    if (spec.signerName === clientSigner && identity.organizations.includes('system:masters'))
      refuse(attributes, `use of ${clientSigner} signer with system:masters group is not allowed`);
    if (spec.signerName === kubeletClientSigner || spec.signerName === kubeletServingSigner)
      refuseOtherNodes(attributes, identity);
  },
};

const nodePrefix = 'system:node:';

function refuseOtherNodes(attributes: AttributesOf<typeof requests>, { commonName }: CertifiedIdentity): void {
  const { user } = attributes.context;
  if (!user.groups.includes('system:nodes') || !user.username.startsWith(nodePrefix)) return;
  if (commonName !== user.username) refuse(attributes, `can only create a node CSR with CN=${user.username}`);
}

function refuse({ definition, name }: Attributes, why: string): never {
  throw forbidden(subjectOf(definition), name, why);
}

async function read(base64: string, name: string): Promise<CertificateRequest> {
  const { readCertificateRequest } = await import('../../certificates/certificate-request.ts');
  try {
    return await readCertificateRequest(Buffer.from(base64, 'base64').toString('latin1'));
  } catch (error) {
    throw refused(error, name);
  }
}

function identityIn(request: CertificateRequest, name: string): CertifiedIdentity {
  try {
    return requestedIdentity(request);
  } catch (error) {
    throw refused(error, name);
  }
}

function refused(error: unknown, name: string): StatusError {
  return invalid('CertificateSigningRequest', 'certificates.k8s.io', name, [
    invalidValue('spec.request', '<certificate request data>', errorText(error)),
  ]);
}
