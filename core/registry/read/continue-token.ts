// The continue token of a paged list: the revision that all pages share, and the name after which the next one starts.

import { textFromBase64Url } from '../../machinery/base64.ts';
import { parseJson } from '../../machinery/json.ts';
import { badRequest } from '../../machinery/status.ts';

export interface ContinueToken {
  /** -1 = the newest: an inconsistent continuation after the revision was compacted, or the token was too old. */
  readonly revision: number;
  readonly after: string;
  /** What the pages say as their resourceVersion, where that is not `revision`; in an inconsistent one, what those before said. */
  readonly told?: number;
  /** When the first page was given out, in Unix seconds. */
  readonly since?: number;
}

export function encodeContinue({ revision, after, told, since }: ContinueToken): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: after, told, since };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

export function decodeContinue(text: string): ContinueToken {
  try {
    const value: unknown = parseJson(textFromBase64Url(text) ?? '');
    if (typeof value === 'object' && value !== null && 'v' in value && 'rv' in value && 'start' in value) {
      const { v, rv, start } = value;
      if (v === 'meta.k8s.io/v1' && isInteger(rv) && typeof start === 'string' && start !== '') {
        const told = 'told' in value && isInteger(value.told) && value.told > 0 ? value.told : undefined;
        const since = 'since' in value && isInteger(value.since) ? value.since : undefined;
        return {
          revision: rv,
          after: start,
          ...(told !== undefined && { told }),
          ...(since !== undefined && { since }),
        };
      }
    }
  } catch {
    // Not ours: the failure below says so.
  }
  throw badRequest(
    'invalid continue token: continue key is not valid: it must be the value of metadata.continue of the previous page',
  );
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
