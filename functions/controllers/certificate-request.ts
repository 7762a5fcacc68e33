// The PKCS #10 request in a CertificateSigningRequest, read with a library that is loaded when the first one comes.

import type { CertificateRequest } from '../../core/certificates/certificate-request.ts';

/** `base64` of a PEM. undefined: it is none (older API servers took anything). */
export async function readRequest(base64: string): Promise<CertificateRequest | undefined> {
  const { readCertificateRequest } = await import('../../core/certificates/certificate-request.ts');
  return readCertificateRequest(requestPem(base64)).catch(() => undefined);
}

export function requestPem(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}
