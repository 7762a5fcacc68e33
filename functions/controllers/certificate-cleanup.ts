// Deletes CertificateSigningRequests that nobody waits for any more: an hour after they were decided, a day after they were made.
// Source: "Certificates and Certificate Signing Requests", request signing process.

import { X509Certificate } from 'node:crypto';
import { type Action, controllerUser, defineController, type ObjectOf, watchSelf } from './controller.ts';
import { deleteWithPreconditions } from './preconditions.ts';

const type = 'certificates.k8s.io/certificatesigningrequests';

const hour = 3_600_000;
const undecidedFor = 24 * hour;
const decidedFor = hour;

export const certificateCleanupController = defineController({
  name: 'csrcleaner',
  user: controllerUser('certificate-controller'),
  watches: [watchSelf(type)],
  owns: [type],
  reconcile(snapshot, name, { now }): Action<typeof type>[] {
    const request = snapshot.get(type, '', name);
    if (!request || request.metadata.deletionTimestamp) return [];
    const end = endOf(request);
    if (now < end) return [{ do: 'requeue', afterMs: end - now }];
    return [deleteWithPreconditions(type, request)];
  },
});

/** Unix milliseconds. */
function endOf({ metadata, status }: ObjectOf<typeof type>): number {
  const made = Date.parse(metadata.creationTimestamp ?? '');
  const decided = (status?.conditions ?? [])
    .filter((each) => ['Approved', 'Denied', 'Failed'].includes(each.type))
    .map((each) => Date.parse(each.lastUpdateTime ?? metadata.creationTimestamp ?? '') + decidedFor);
  if (decided.length === 0) return made + undecidedFor;
  const ends = status?.certificate ? [expiry(status.certificate)] : [];
  return Math.min(...decided, ...ends);
}

function expiry(base64: string): number {
  try {
    return Date.parse(new X509Certificate(Buffer.from(base64, 'base64')).validTo);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
