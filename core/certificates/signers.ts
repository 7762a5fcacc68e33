// Kubernetes' own signers: which requests each of them signs.
// Source: "Certificates and Certificate Signing Requests", Kubernetes signers; KEP-1513.

import { errorText } from '../machinery/error-text.ts';
import { getOwn } from '../machinery/own.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { type CertifiedIdentity, identityOf, refuseUnusual } from './distinguished-name.ts';
import { weaknessOf } from './public-key.ts';

export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';

interface Signer {
  /** A usage without which nothing is signed. */
  readonly required: readonly string[];
  /** What may be asked for beside them. */
  readonly optional: readonly string[];
  /** What is wrong with whom it names; undefined: nothing. */
  readonly refuses?: (identity: CertifiedIdentity, request: CertificateRequest) => string | undefined;
}

const signers: Readonly<Record<string, Signer>> = {
  [clientSigner]: { required: ['client auth'], optional: ['digital signature', 'key encipherment'] },
  [kubeletClientSigner]: {
    required: ['client auth', 'digital signature'],
    optional: ['key encipherment'],
    refuses: (identity, request) =>
      notOfNode(identity) ?? someOf(request, 'dnsNames', 'ipAddresses', 'emailAddresses', 'uris'),
  },
  [kubeletServingSigner]: {
    required: ['server auth', 'digital signature'],
    optional: ['key encipherment'],
    refuses: (identity, request) =>
      notOfNode(identity) ??
      (request.dnsNames.length + request.ipAddresses.length === 0
        ? 'at least one DNS or IP subjectAltName is required'
        : someOf(request, 'emailAddresses', 'uris')),
  },
};

export const ownSigners: ReadonlySet<string> = new Set(Object.keys(signers));

/**
 * Whom a request to a signer of Kubernetes' own names. Throws an Error that says why none of them signs it, whatever it is for: it names not
 * exactly one user, or its key is weak.
 */
export function requestedIdentity({ subject, publicKey }: CertificateRequest): CertifiedIdentity {
  refuseUnusual(subject);
  const weakness = weaknessOf(publicKey);
  if (weakness !== undefined) throw new Error(weakness);
  return identityOf(subject);
}

/** Why a signer of Kubernetes' own does not sign a request; undefined: it does. */
export function refusal(
  signerName: string,
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const signer = getOwn(signers, signerName);
  if (!signer) return `${signerName} is not a signer of this cluster`;
  const missing = signer.required.filter((each) => !usages.includes(each));
  if (missing.length > 0) return `usages must contain ${missing.map(quote).join(', ')}`;
  const extra = usages.filter((each) => !signer.required.includes(each) && !signer.optional.includes(each));
  if (extra.length > 0) return `usages may not contain ${extra.map(quote).join(', ')} for ${signerName}`;
  try {
    const identity = requestedIdentity(request);
    return signer.refuses?.(identity, request);
  } catch (error) {
    return errorText(error);
  }
}

function notOfNode({ organizations, commonName }: CertifiedIdentity): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes';
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
}

const nameKinds = { dnsNames: 'DNS', ipAddresses: 'IP', emailAddresses: 'email', uris: 'URI' } as const;

function someOf(request: CertificateRequest, ...kinds: (keyof typeof nameKinds)[]): string | undefined {
  const found = kinds.find((kind) => request[kind].length > 0);
  return found && `${nameKinds[found]} subjectAltNames are not allowed`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** What `spec.usages` may hold. Source: certificates.k8s.io/v1, KeyUsage. */
export const keyUsages = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
] as const;
