// The audit log of a function: one line an event, with the function's other lines in its log group.

import { lineOf } from '../../../core/hosted/lines-of.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditLines } from '../audit/audit-lines.ts';

export interface Audited {
  readonly audit: Audit;
  readonly lines: AuditLines;
}

/** undefined: nothing is written down. Loaded where there is a policy. `hosted`: the name of the hosted cluster whose requests they are. */
export async function auditedBy(policy: string | undefined, hosted?: string): Promise<Audited | undefined> {
  if (policy === undefined) return undefined;
  const { createAudit } = await import('../audit/audit.ts');
  const { readAuditPolicy } = await import('../audit/policy.ts');
  const { auditOutput } = await import('../audit/audit-lines.ts');
  const lines = auditOutput();
  const sink = hosted === undefined ? lines : { write: (line: string) => lines.write(lineOf(hosted, line)) };
  return { audit: createAudit(await readAuditPolicy(policy), sink, Date.now), lines };
}
