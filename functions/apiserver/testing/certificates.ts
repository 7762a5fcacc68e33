// Certificates for tests of the TLS edge: an authority, a server for 127.0.0.1, and clients.

import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

export interface TestAuthority {
  readonly cert: string;
  /** For 127.0.0.1 and localhost, and for a name where one is given. */
  server(name?: string): Promise<Pair>;
  client(commonName: string, organizations: readonly string[]): Promise<Pair>;
}

export async function createTestAuthority(name = 'test-ca'): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const from = new Date(Date.now() - 60_000);
  const until = new Date(Date.now() + 3_600_000);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: from,
    notAfter: until,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 1;
  const issue = async (subject: string, extensions: x509.Extension[]): Promise<Pair> => {
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: (++serial).toString(16).padStart(2, '0'),
      subject,
      issuer: ca.subject,
      notBefore: from,
      notAfter: until,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions,
    });
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
    return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
  };
  return {
    cert: ca.toString('pem'),
    server: (dnsName) =>
      issue('CN=apiserver', [
        new x509.SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          { type: 'dns', value: 'localhost' },
          ...(dnsName ? [{ type: 'dns' as const, value: dnsName }] : []),
        ]),
      ]),
    client: (commonName, organizations) =>
      issue([`CN=${commonName}`, ...organizations.map((each) => `O=${each}`)].join(', '), []),
  };
}
