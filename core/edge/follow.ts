// What an edge (edge/) and the API server say to each other of watches, in headers. A watch that follows tells what there is now, and ends:
// so who follows a type holds nothing at the API server, and asks again when there may be more. What comes is what a watch of the same
// path, query and credentials would have said, up to the revision that the answer names.

import { getOwn } from '../machinery/own.ts';

/**
 * Of a watch. `open`: from where the query says; `on`: after exactly its resourceVersion, be it 0, as one that was opened before goes on;
 * a revision: so too, up to that one.
 */
export const followHeader = 'zeroplane-follow';

/** Of the answer: everything up to this revision is in it. */
export const revisionHeader = 'zeroplane-revision';

export const followOpen = 'open';
export const followOn = 'on';

export interface Followed {
  readonly goesOn: boolean;
  /** Infinity: now. NaN: what the header says means nothing. */
  readonly until: number;
}

/** undefined: an ordinary watch. */
export function followed(headers: Readonly<Record<string, string | undefined>>): Followed | undefined {
  const value = getOwn(headers, followHeader);
  if (value === undefined) return undefined;
  if (value === followOpen || value === followOn)
    return { goesOn: value === followOn, until: Number.POSITIVE_INFINITY };
  return { goesOn: true, until: readRevision(value) ?? Number.NaN };
}

/** A revision as a header, or a resourceVersion, has it; undefined for anything else. */
export function readRevision(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}
