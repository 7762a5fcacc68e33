// The continue token of a paged list: the revision that all pages share, and the name after which the next one starts.

import { textFromBase64Url } from '../../machinery/base64.ts';
import { parseJson } from '../../machinery/json.ts';
import { badRequest } from '../../machinery/status.ts';

export interface ContinueToken {
  /** -1 = the newest: an inconsistent continuation after the revision was compacted. */
  readonly revision: number;
  readonly after: string;
}

export function encodeContinue({ revision, after }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after })).toString('base64url');
}

export function decodeContinue(text: string): ContinueToken {
  try {
    const value: unknown = parseJson(textFromBase64Url(text) ?? '');
    if (typeof value === 'object' && value !== null && 'v' in value && 'rv' in value && 'start' in value) {
      const { v, rv, start } = value;
      if (
        v === 'meta.k8s.io/v1' &&
        typeof rv === 'number' &&
        Number.isSafeInteger(rv) &&
        typeof start === 'string' &&
        start !== ''
      ) {
        return { revision: rv, after: start };
      }
    }
  } catch {
    // Not ours: the failure below says so.
  }
  throw badRequest('continue key is not valid: it must be the value of metadata.continue of the previous page');
}
