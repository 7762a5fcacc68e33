// The certificates by which clients check API Gateway: what pods get as the cluster's CA bundle where that is the way to the API.

import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

/** Organizations of the roots under Amazon Trust Services. Source: Amazon Trust Services repository, root CAs. */
const organizations = /^O=(Amazon|"?Starfield Technologies\\?, Inc\.)/m;

/** What stands in the bytes of their certificates, as it is. Most roots are others', and are not worth parsing: a start calls this. */
const words = ['Amazon', 'Starfield'];

/** PEM, from the roots that Node brings. */
export function amazonRoots(): string {
  return rootCertificates
    .filter((pem) => {
      const bytes = Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
      return words.some((word) => bytes.includes(word)) && organizations.test(new X509Certificate(pem).subject);
    })
    .join('\n');
}
