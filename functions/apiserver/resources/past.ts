// `history=changes` and `history=state` with a get, and `history=state` with a list: what the object was, and who made it so. The request is a
// get or a list of what it names, and is authorized as that; what is read is that object's own past.

import { badRequest } from '../../../core/machinery/status.ts';
import {
  changesOf,
  listAt,
  type Moment,
  maximumChanges,
  maximumListed,
  stateAt,
} from '../../../core/registry/past/past.ts';
import { parseResourceVersion } from '../../../core/registry/read/resource-version.ts';
import type { ListOutcome, Outcome, Target } from '../../../core/registry/registry.ts';
import { respondSized } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Query } from '../query.ts';
import type { Exchange } from './exchange.ts';
import type { RouteParts } from './route.ts';

const apiVersion = 'history.zeroplane.dev/v1alpha1';

/** The object as it was, or the answer with its changes. */
export async function pastOfOne(
  { past }: RouteParts,
  { query, mediaType }: Exchange,
  target: Target,
): Promise<{ readonly outcome: Outcome } | { readonly response: ApiResponse }> {
  if (target.subresource) throw badRequest('history: subresources have none of their own');
  if (wanted(query) === 'state') return { outcome: await stateAt(past, target, momentOf(query)) };
  const { items, complete, ...more } = await changesOf(past, target, {
    limit: limitOf(query, maximumChanges),
    ...continueOf(query),
  });
  const { name = '', namespace } = target;
  const metadata = { name, ...(namespace && { namespace }), ...more };
  const history = { kind: 'ObjectHistory', apiVersion, metadata, complete, items };
  return { response: await respondSized(200, history, Number.POSITIVE_INFINITY, mediaType) };
}

export async function pastOfMany({ past }: RouteParts, exchange: Exchange, target: Target): Promise<ListOutcome> {
  const { query, info } = exchange;
  if (wanted(query) !== 'state') throw badRequest('history: changes are those of one object: name it');
  // They were authorized, and would have to hold for what objects were.
  if (info.fieldSelector !== undefined || info.labelSelector !== undefined)
    throw badRequest('history: the past is listed without selectors');
  const moment = momentOf(query);
  if (!('time' in moment)) throw badRequest('at: a list is of a time, such as 2026-01-31T12:00:00Z');
  return await listAt(past, target, { ...moment, limit: limitOf(query, maximumListed), ...continueOf(query) });
}

function wanted(query: Query): 'changes' | 'state' {
  const text = query.text('history');
  if (text === 'changes' || text === 'state') return text;
  throw badRequest(`history: give changes, or state with at, not ${JSON.stringify(text?.slice(0, 100))}`);
}

function momentOf(query: Query): Moment {
  const text = query.text('at') ?? '';
  if (/^[0-9]+$/.test(text)) return { revision: parseResourceVersion(text) };
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw badRequest(
      `at: give a time such as 2026-01-31T12:00:00Z, or a revision, not ${JSON.stringify(text.slice(0, 100))}`,
    );
  return { time };
}

function limitOf(query: Query, most: number): number {
  const limit = query.integer('limit') ?? 0;
  if (limit < 0) throw badRequest(`limit: give a number from 1 to ${most}`);
  return limit === 0 ? most : Math.min(limit, most);
}

function continueOf(query: Query): { readonly continue?: string } {
  const token = query.text('continue');
  return token ? { continue: token } : {};
}
