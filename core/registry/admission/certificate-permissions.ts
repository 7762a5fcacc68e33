// CertificateApproval and CertificateSigning: who approves or signs a request for a certificate needs `approve` or `sign` on its signer,
// beside the subresource itself. Source: "Certificates and Certificate Signing Requests", authorization.

import type { V1CertificateSigningRequest } from '../../../generated/kubernetes.ts';
import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';

const group = 'certificates.k8s.io';

export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  operations: ['UPDATE'],
  types: [`${group}/certificatesigningrequests`],
  async validate(attributes, env) {
    if (attributes.subresource === 'approval') await check(attributes, env, 'approve');
  },
};

export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  operations: ['UPDATE'],
  types: [`${group}/certificatesigningrequests`],
  async validate(attributes, env) {
    if (attributes.subresource === 'status' && isSigned(attributes)) await check(attributes, env, 'sign');
  },
};

async function check(attributes: Attributes, env: Environment, verb: 'approve' | 'sign'): Promise<void> {
  const { context, definition, name, old } = attributes;
  // What is stored as a request is one.
  const { signerName } = (old as V1CertificateSigningRequest).spec;
  const domain = `${signerName.slice(0, signerName.indexOf('/'))}/*`;
  const authorizer = context.authorizer ?? (await env.rbac()).authorizer;
  for (const signer of [signerName, domain]) {
    const { effect } = await authorizer.authorize({
      user: context.user,
      verb,
      isResource: true,
      group,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name: signer,
      path: '',
    });
    if (effect === 'allow') return;
  }
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`;
  throw forbidden(subjectOf(definition), name, why);
}

/** Whether what a signer says changes. */
function isSigned({ object, old }: Attributes): boolean {
  // What is stored as a request is one, and so is what is about to be.
  const [after, before] = [object, old].map((each) => (each as V1CertificateSigningRequest).status);
  const same = (a: unknown, b: unknown) => deepEqual(a ?? null, b ?? null);
  return !same(after?.certificate, before?.certificate) || !same(after?.conditions ?? [], before?.conditions ?? []);
}
