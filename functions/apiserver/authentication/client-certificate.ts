// Who a client is by the certificate that its TLS connection began with. The certificate's own bytes are read, never the text that
// Node makes of its subject. Source: "Authenticating", X.509 client certificates; KEP-4601 for the credential's id.

import { createHash } from 'node:crypto';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { readCertificate } from '../../../core/certificates/certificate.ts';
import { identityOf } from '../../../core/certificates/distinguished-name.ts';
import { anyPurpose, purposes, purposesOf } from '../../../core/certificates/extensions.ts';
import type { PeerCertificate } from '../http.ts';
import { authenticated } from './users.ts';

const credentialId = 'authentication.kubernetes.io/credential-id';

/** `verified`: TLS found that its chain ends at the authority of clients. Who cannot be read without doubt is nobody. */
export function peerOf(der: Uint8Array, verified: boolean): PeerCertificate {
  try {
    const { subject, notBefore, notAfter, extensions } = readCertificate(der);
    const granted = purposesOf(extensions);
    const forClients = !granted || granted.includes(purposes['client auth']) || granted.includes(anyPurpose);
    const times = { notBefore, notAfter };
    if (!verified || !forClients) return times;
    const { commonName, organizations, uid } = identityOf(subject);
    const user: UserInfo = {
      username: commonName,
      groups: organizations,
      ...(uid !== undefined && { uid }),
      extra: { [credentialId]: [`X509SHA256=${createHash('sha256').update(der).digest('hex')}`] },
    };
    return { ...times, user: authenticated(user) };
  } catch {
    return { notBefore: 0, notAfter: 0 };
  }
}
