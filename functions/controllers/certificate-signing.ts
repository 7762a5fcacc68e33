// Signs approved CertificateSigningRequests of Kubernetes' own signers with the cluster's authority.
// Source: "Certificates and Certificate Signing Requests", Kubernetes signers; certificates.k8s.io/v1, expirationSeconds.

import type { Authority, KeyPair } from '../../core/certificates/authority.ts';
import { ownSigners, refusal } from '../../core/certificates/signers.ts';
import { readRequest, requestPem } from './certificate-request.ts';
import { timestamp } from './condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  defineController,
  type ObjectOf,
  watchSelf,
} from './controller.ts';

const type = 'certificates.k8s.io/certificatesigningrequests';
type Request = ObjectOf<typeof type>;

const minute = 60_000;
/** What a certificate is good for when its request does not say, and at most. */
const longest = 365 * 24 * 60 * minute;
const shortest = 10 * minute;
/** Clocks that are a little behind take a new certificate too. */
const backdate = 5 * minute;
/** Certificates for less than this keep the whole time that was asked for, beside the minutes before. */
const short = 8 * 60 * minute;

/** `authority` is asked for when there is something to sign, once. */
export function createCertificateSigningController(authority: () => Promise<KeyPair>): Controller {
  let opened: Promise<Authority> | undefined;
  const open = () => {
    opened ??= openWith(authority);
    return opened.catch((error) => {
      // Another attempt asks again.
      opened = undefined;
      throw error;
    });
  };
  return defineController({
    name: 'csrsigning',
    user: controllerUser('certificate-controller'),
    watches: [watchSelf(type)],
    owns: [type],
    async reconcile(snapshot, name, { now }): Promise<Action<typeof type>[]> {
      const request = snapshot.get(type, '', name);
      if (!request || !ownSigners.has(request.spec.signerName) || !isToSign(request)) return [];
      const { signerName, usages = [], request: base64 } = request.spec;
      const asked = await readRequest(base64);
      const refused = asked ? refusal(signerName, asked, usages) : 'the certificate request cannot be read';
      if (refused !== undefined) return [failed(request, refused, now)];
      const { notBefore, notAfter } = validity(request.spec.expirationSeconds, now);
      const signer = await open();
      if (signer.notAfter.getTime() <= now) throw new Error("the cluster's certificate authority has expired");
      const pem = await signer.sign(requestPem(base64), { usages, notBefore, notAfter });
      const status = { ...request.status, certificate: Buffer.from(pem).toString('base64') };
      return [{ do: 'update', type, object: { ...request, status }, subresource: 'status' }];
    },
  });
}

async function openWith(authority: () => Promise<KeyPair>): Promise<Authority> {
  const { openAuthority } = await import('../../core/certificates/authority.ts');
  return openAuthority(await authority());
}

function isToSign({ status }: Request): boolean {
  const has = (type: string) => status?.conditions?.some((each) => each.type === type) ?? false;
  return has('Approved') && !has('Denied') && !has('Failed') && !status?.certificate;
}

function failed(request: Request, message: string, now: number): Action<typeof type> {
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: timestamp(now),
  };
  const status = { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] };
  return { do: 'update', type, object: { ...request, status }, subresource: 'status' };
}

function validity(expirationSeconds: number | undefined, now: number): { notBefore: Date; notAfter: Date } {
  const asked = expirationSeconds === undefined ? longest : expirationSeconds * 1000;
  const granted = Math.min(longest, Math.max(shortest, asked));
  const end = granted < short ? granted : granted - backdate;
  return { notBefore: new Date(now - backdate), notAfter: new Date(now + end) };
}
