// The audit log of a function: one line an event, with the function's other lines in its log group.

import type { Audit } from '../audit/audit.ts';
import type { AuditLines } from '../audit/audit-lines.ts';

export interface Audited {
  readonly audit: Audit;
  readonly lines: AuditLines;
}

/** undefined: nothing is written down. Loaded where there is a policy. */
export async function auditedBy(policy: string | undefined): Promise<Audited | undefined> {
  if (policy === undefined) return undefined;
  const { createAudit } = await import('../audit/audit.ts');
  const { readAuditPolicy } = await import('../audit/policy.ts');
  const { auditOutput } = await import('../audit/audit-lines.ts');
  const lines = auditOutput();
  return { audit: createAudit(await readAuditPolicy(policy), lines, Date.now), lines };
}
