// The continue token of a paged list: the revision that all pages share, and the name after which the next one starts.

import { textFromBase64Url } from '../../machinery/base64.ts';
import { parseJson } from '../../machinery/json.ts';
import { badRequest, type StatusError } from '../../machinery/status.ts';

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
  let value: unknown;
  try {
    value = parseJson(textFromBase64Url(text) ?? '');
  } catch {
    throw notOurs(': it must be the value of metadata.continue of the previous page');
  }
  if (typeof value !== 'object' || value === null) throw notOurs(': it is no object');
  const { v, rv, start, told, since } = value as Readonly<Record<string, unknown>>; // each is looked at
  if (v !== 'meta.k8s.io/v1')
    throw notOurs(`: server does not recognize this encoded version ${typeof v === 'string' ? v.slice(0, 100) : ''}`);
  if (!isInteger(rv) || rv === 0) throw notOurs(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw notOurs(': encoded start key empty (version meta.k8s.io/v1)');
  return {
    revision: rv,
    after: start,
    ...(isInteger(told) && told > 0 && { told }),
    ...(isInteger(since) && { since }),
  };
}

function notOurs(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
