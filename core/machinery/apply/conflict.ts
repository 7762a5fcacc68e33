// The failure of an apply that would change fields of other managers. kubectl prints its causes.

import { type StatusCause, StatusError } from '../status.ts';
import type { Manager } from './managers.ts';

export interface FieldConflict {
  readonly manager: Manager;
  /** Such as `.spec.replicas`. */
  readonly path: string;
}

export function applyConflict(conflicts: readonly FieldConflict[]): StatusError {
  const sorted = conflicts.toSorted(
    (a, b) => compare(describe(a.manager), describe(b.manager)) || compare(a.path, b.path),
  );
  const causes: StatusCause[] = sorted.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${describe(manager)}`,
    field: path,
  }));
  return new StatusError('Conflict', message(sorted), { causes });
}

function message(conflicts: readonly FieldConflict[]): string {
  if (conflicts.length === 1) {
    const { manager, path } = conflicts[0]!;
    return `Apply failed with 1 conflict: conflict with ${describe(manager)}: ${path}`;
  }
  const lines: string[] = [];
  let previous: string | undefined;
  for (const { manager, path } of conflicts) {
    const who = describe(manager);
    if (who !== previous) lines.push(`conflicts with ${who}:`);
    previous = who;
    lines.push(`- ${path}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = subresource
    ? `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}`
    : JSON.stringify(manager);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
