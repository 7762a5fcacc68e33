import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, it } from 'vitest';
import { amazonRoots } from './amazon-roots.ts';

it("gives the roots of Amazon Trust Services out of Node's, and no others", () => {
  const subjects = amazonRoots()
    .split(/(?<=-----END CERTIFICATE-----)\n/)
    .map((pem) => new X509Certificate(pem).subject);
  const all = rootCertificates.map((pem) => new X509Certificate(pem).subject);
  expect(subjects.length).toBeGreaterThanOrEqual(5);
  expect(subjects).toEqual(all.filter((subject) => /\b(Amazon|Starfield Technologies)\b/.test(subject)));
});
