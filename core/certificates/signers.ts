// Kubernetes' own signers: which requests each of them signs.
// Source: "Certificates and Certificate Signing Requests", Kubernetes signers; KEP-1513.

/** Who a request asks a certificate for. */
export interface RequestedIdentity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
const kubeletServingSigner = 'kubernetes.io/kubelet-serving';

interface Signer {
  /** A usage without which nothing is signed. */
  readonly required: readonly string[];
  /** What may be asked for beside them. */
  readonly optional: readonly string[];
  /** What is wrong with the identity; undefined: nothing. */
  readonly refuses?: (identity: RequestedIdentity) => string | undefined;
}

const signers: Readonly<Record<string, Signer>> = {
  [clientSigner]: { required: ['client auth'], optional: ['digital signature', 'key encipherment'] },
  [kubeletClientSigner]: {
    required: ['client auth'],
    optional: ['digital signature', 'key encipherment'],
    refuses: (identity) => notOfNode(identity) ?? someOf(identity, 'dnsNames', 'ipAddresses', 'emailAddresses', 'uris'),
  },
  [kubeletServingSigner]: {
    required: ['server auth', 'digital signature'],
    optional: ['key encipherment'],
    refuses: (identity) =>
      notOfNode(identity) ??
      (identity.dnsNames.length + identity.ipAddresses.length === 0
        ? 'at least one DNS or IP subjectAltName is required'
        : someOf(identity, 'emailAddresses', 'uris')),
  },
};

export const ownSigners: ReadonlySet<string> = new Set(Object.keys(signers));

/** Why a signer of Kubernetes' own does not sign a request; undefined: it does. */
export function refusal(
  signerName: string,
  identity: RequestedIdentity,
  usages: readonly string[],
): string | undefined {
  const signer = signers[signerName];
  if (!signer) return `${signerName} is not a signer of this cluster`;
  const missing = signer.required.filter((each) => !usages.includes(each));
  if (missing.length > 0) return `usages must contain ${missing.map(quote).join(', ')}`;
  const extra = usages.filter((each) => !signer.required.includes(each) && !signer.optional.includes(each));
  if (extra.length > 0) return `usages may not contain ${extra.map(quote).join(', ')} for ${signerName}`;
  return signer.refuses?.(identity);
}

function notOfNode({ organizations, commonName }: RequestedIdentity): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes';
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
}

const nameKinds = { dnsNames: 'DNS', ipAddresses: 'IP', emailAddresses: 'email', uris: 'URI' } as const;

function someOf(identity: RequestedIdentity, ...kinds: (keyof typeof nameKinds)[]): string | undefined {
  const found = kinds.find((kind) => identity[kind].length > 0);
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
