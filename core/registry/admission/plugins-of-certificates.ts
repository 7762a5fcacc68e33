// What looks at requests for certificates: loaded before the first write of one.

import { certificateApproval, certificateSigning } from './certificate-permissions.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import type { AdmissionPlugin } from './plugin.ts';

export const plugins: readonly AdmissionPlugin[] = [
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
];
