// Who approves or signs requests for certificates needs `approve` or `sign` on the request's signer, beside the subresource itself.
// Source: "Certificates and Certificate Signing Requests", authorization; CertificateApproval and CertificateSigning.

import type { Authorizer } from '../../../core/authorization/authorizer.ts';
import { deepEqual } from '../../../core/machinery/equality.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { forbidden } from '../../../core/machinery/status.ts';
import type { Registry, RequestContext, Target } from '../../../core/registry/registry.ts';
import type { V1CertificateSigningRequest } from '../../../generated/kubernetes.ts';

const group = 'certificates.k8s.io';
const type = 'certificates.k8s.io/certificatesigningrequests';

/** The verb on signers that a write to a target needs. */
function verbOf({ definition, subresource }: Target): 'approve' | 'sign' | undefined {
  if (definition.type !== type) return undefined;
  return subresource === 'approval' ? 'approve' : subresource === 'status' ? 'sign' : undefined;
}

/** Throws Forbidden when the user may not write `object`. undefined: the target needs no permission of this kind. */
export function signerCheck(
  registry: Registry,
  authorizer: Authorizer,
  context: RequestContext,
  target: Target,
): ((object: KubeObject) => Promise<void>) | undefined {
  const verb = verbOf(target);
  return verb && ((object) => check(verb, registry, authorizer, context, target, object));
}

async function check(
  verb: 'approve' | 'sign',
  registry: Registry,
  authorizer: Authorizer,
  context: RequestContext,
  target: Target,
  object: KubeObject,
): Promise<void> {
  const { subresource: _, ...whole } = target;
  // What is stored as a request is one; what is sent was not validated yet and is only compared.
  const stored = (await registry.get(context, whole)).object as unknown as V1CertificateSigningRequest;
  const sent = object as unknown as Partial<V1CertificateSigningRequest>;
  if (verb === 'sign' && !isSigned(stored.status, sent.status)) return;
  const { signerName } = stored.spec;
  const domain = `${signerName.slice(0, signerName.indexOf('/'))}/*`;
  for (const name of [signerName, domain]) if (await may(verb, name)) return;
  throw forbidden(
    { group, resource: 'certificatesigningrequests' },
    target.name ?? '',
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`,
  );

  async function may(verb: string, name: string): Promise<boolean> {
    const { effect } = await authorizer.authorize({
      user: context.user,
      verb,
      isResource: true,
      group,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    return effect === 'allow';
  }
}

type Status = V1CertificateSigningRequest['status'];

/** Whether what a signer says changes. */
function isSigned(stored: Status, sent: Status): boolean {
  const same = (a: unknown, b: unknown) => deepEqual(a ?? null, b ?? null);
  return !same(stored?.certificate, sent?.certificate) || !same(stored?.conditions ?? [], sent?.conditions ?? []);
}
