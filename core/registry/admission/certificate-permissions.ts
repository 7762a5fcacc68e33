// CertificateApproval and CertificateSigning: who approves or signs a request for a certificate needs `approve` or `sign` on its signer,
// beside the subresource itself. Source: "Certificates and Certificate Signing Requests", authorization.

import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import { type AdmissionPlugin, type AttributesOf, isOfType } from './plugin.ts';

type OfRequests = AttributesOf<typeof requests>;

const group = 'certificates.k8s.io';
const requests = 'certificates.k8s.io/certificatesigningrequests';

export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  operations: ['UPDATE'],
  types: [requests],
  async validate(attributes, env) {
    if (attributes.subresource === 'approval' && isOfType(attributes, requests))
      await check(attributes, env, 'approve');
  },
};

export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  operations: ['UPDATE'],
  types: [requests],
  async validate(attributes, env) {
    if (attributes.subresource === 'status' && isOfType(attributes, requests) && isSigned(attributes))
      await check(attributes, env, 'sign');
  },
};

async function check(attributes: OfRequests, env: Environment, verb: 'approve' | 'sign'): Promise<void> {
  const { context, definition, name, old } = attributes;
  const signerName = old?.spec.signerName ?? '';
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
function isSigned({ object, old }: OfRequests): boolean {
  const [after, before] = [object?.status, old?.status];
  const same = (a: unknown, b: unknown) => deepEqual(a ?? null, b ?? null);
  return !same(after?.certificate, before?.certificate) || !same(after?.conditions ?? [], before?.conditions ?? []);
}
