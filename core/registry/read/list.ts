// Lists from the replica at one exact revision: whole, or in pages that share the first page's revision.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import type { Entry, Replica } from '../../replica/replica.ts';
import { StoreError } from '../../store/store.ts';
import type { ListOptions, ListOutcome, Target } from '../registry.ts';
import { storageReadError, storeStatus } from '../store-errors.ts';
import { prefixOf, subjectOf } from '../target.ts';
import { convertedEntry, isServedAsStored } from '../versions.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { convertedSelection, selectsConverted } from './converted-selection.ts';
import { checkListOptions } from './options.ts';
import { parseResourceVersion, tooOldResourceVersion, waitForRevision } from './resource-version.ts';
import { type Selection, select } from './selection.ts';

export async function list(env: ReadEnvironment, target: Target, options: ListOptions): Promise<ListOutcome> {
  checkListOptions(options);
  const { definition } = target;
  const selection = select(target, options);
  try {
    const replica = await env.replicas.of(definition.type);
    const page = await startOf(replica, options, Math.floor(env.clock().getTime() / 1000));
    refuseSealed(replica, target, selection);
    const judged = selectsConverted(env, definition, selection)
      ? await convertedSelection(env, definition, selection, snapshot(replica, prefixOf(target), page))
      : selection;
    const outcome = collect(replica, target, options, judged, page);
    if (isServedAsStored(env, definition)) return outcome;
    const entries = await Promise.all(outcome.entries.map((each) => convertedEntry(env, definition, each)));
    return { ...outcome, entries };
  } catch (error) {
    throw storeStatus(error, subjectOf(definition), '');
  }
}

/** A list that is not whole would be taken for one that is. */
export function refuseSealed({ sealed }: Replica, target: Target, { name }: Selection): void {
  if (sealed.size === 0) return;
  const prefix = prefixOf(target);
  const meant = [...sealed.values()].filter(
    (each) => each.name.startsWith(prefix) && (name === undefined || each.name.split('/').at(-1) === name),
  );
  if (meant.length > 0) throw storageReadError(subjectOf(target.definition), meant);
}

interface Page {
  readonly revision: number;
  readonly after?: string;
  /** What the list says as its resourceVersion, if that is not `revision`. */
  readonly told?: number;
  /** Since when its pages are given out, in Unix seconds. */
  readonly since: number;
}

/** As in Kubernetes, where the store forgets a revision after so long, whether anything was written or not. */
const tokenSeconds = 5 * 60;

async function startOf(replica: Replica, options: ListOptions, now: number): Promise<Page> {
  if (options.continue) {
    if (options.resourceVersion && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(options.continue);
    if (token.revision < 0) return { ...inconsistent(await replica.catchUp(), token), since: now };
    if (token.revision > replica.revision) await waitForRevision(replica, token.revision);
    const { since = now } = token;
    if (token.revision < replica.oldest || now - since > tokenSeconds) throw expiredContinue(token);
    return { ...token, since };
  }
  if (options.resourceVersion === undefined || options.resourceVersion === '')
    return { revision: await replica.catchUp(), since: now };
  const asked = parseResourceVersion(options.resourceVersion);
  if (asked === 0) return { revision: replica.revision, since: now };
  // A limit with a resource version and no match means exactly that version, as it did before the match existed.
  const exact = options.resourceVersionMatch === 'Exact' || (!options.resourceVersionMatch && Boolean(options.limit));
  if (asked > replica.revision) await waitForRevision(replica, asked);
  if (!exact) return { revision: replica.revision, since: now };
  if (asked < replica.oldest) throw tooOldResourceVersion(asked, replica.oldest);
  return { revision: asked, since: now };
}

/**
 * Its resourceVersion is another one than the pages before had: so clients see that the list is not of one moment. Where nothing was written
 * since it is the one before: who watches from there is told of one change again, and misses none.
 */
function inconsistent(head: number, { after, told }: ContinueToken): Omit<Page, 'since'> {
  return { revision: head, after, ...(told === head && head > 1 && { told: head - 1 }) };
}

function collect(
  replica: Replica,
  target: Target,
  options: ListOptions,
  selection: Selection,
  page: Page,
): ListOutcome {
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  const prefix = prefixOf(target);
  const entries: Entry[] = [];
  let more = false;
  let rest = 0;
  const single =
    selection.name !== undefined &&
    (prefix !== '' || !target.definition.namespaced) &&
    page.revision === replica.revision;
  if (single) {
    const entry = replica.get(prefix + selection.name);
    if (entry && (!page.after || entry.name > page.after) && selection.matches(entry)) entries.push(entry);
  } else {
    for (const entry of snapshot(replica, prefix, page)) {
      if (entries.length === limit) {
        // Without selectors the rest can be counted; with them only whether there is more is known for sure by going on.
        if (!selection.all) {
          more = true;
          break;
        }
        more = true;
        rest++;
        continue;
      }
      if (selection.all || selection.matches(entry)) entries.push(entry);
    }
  }
  const last = entries.at(-1);
  return {
    entries,
    resourceVersion: String(page.told ?? page.revision),
    ...(more && last && { continue: encodeContinue({ ...page, after: last.name }) }),
    ...(more && selection.all && { remainingItemCount: rest }),
  };
}

function snapshot(replica: Replica, prefix: string, page: Page): Iterable<Entry> {
  try {
    return replica.snapshot({
      ...(prefix && { prefix }),
      ...(page.after !== undefined && { after: page.after }),
      ...(page.revision !== replica.revision && { revision: page.revision }),
    });
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted' && page.after)
      throw expiredContinue({ ...page, after: page.after });
    throw error;
  }
}

function expiredContinue({ revision, after, told = revision }: ContinueToken): StatusError {
  return new StatusError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
    undefined,
    { continue: encodeContinue({ revision: -1, after, told }) },
  );
}
