// Opens a watch: which state is sent first, and from which revision events follow. Source: API concepts, "Semantics for watch"; KEP-3157.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import type { Entry, Replica } from '../../replica/replica.ts';
import { StoreError } from '../../store/store.ts';
import type { Target, WatchOptions, WatchOutcome } from '../registry.ts';
import { storeStatus } from '../store-errors.ts';
import { prefixOf, subjectOf } from '../target.ts';
import { convertedEntry, isServedAsStored } from '../versions.ts';
import { selectedWatch, selectsConverted } from './converted-selection.ts';
import { convertedWatch } from './converted-watch.ts';
import { refuseSealed } from './list.ts';
import { checkWatchOptions } from './options.ts';
import {
  parseResourceVersion,
  tooLargeResourceVersion,
  tooOldResourceVersion,
  waitForRevision,
} from './resource-version.ts';
import { type Selection, select } from './selection.ts';

export async function watch(env: ReadEnvironment, target: Target, options: WatchOptions): Promise<WatchOutcome> {
  checkWatchOptions(options);
  const { definition } = target;
  const selection = select(target, options);
  const asked = parseResourceVersion(options.resourceVersion ?? '');
  const anyVersion = options.resourceVersion === '0';
  try {
    const replica = await env.replicas.of(definition.type);
    const withState = !options.goesOn && (options.sendInitialEvents ?? asked === 0);
    if (options.upToDate) {
      if (asked > (await replica.catchUp())) throw tooLargeResourceVersion(asked, replica.revision);
    } else if (asked > replica.revision) {
      // Events above a version of the future are a stream like any other: only a state as new as it has to be there first.
      if (withState || selectsConverted(env, definition, selection)) await waitForRevision(replica, asked);
      else await replica.catchUp();
    } else if (!asked && !anyVersion) await replica.catchUp();
    const after = !options.goesOn && (withState || asked === 0) ? replica.revision : asked;
    if (after < replica.oldest) throw tooOldResourceVersion(after, replica.oldest);
    // No turn of the event loop between state and watch: nothing is missed, nothing doubled.
    if (withState) refuseSealed(replica, target, selection);
    if (selectsConverted(env, definition, selection))
      return await watchConverted(env, target, options, replica, selection, { after, withState });
    const initial = withState ? state(replica, target, selection) : [];
    const prefix = prefixOf(target);
    const opened = open(replica, after, prefix, selection);
    const stored = isServedAsStored(env, definition);
    return {
      initial: stored ? initial : await Promise.all(initial.map((each) => convertedEntry(env, definition, each))),
      initialBookmark: options.sendInitialEvents === true && options.allowWatchBookmarks === true,
      resourceVersion: String(after),
      ...(!definition.customResource || stored ? { reached: replica.revision } : {}),
      watch: stored ? opened : convertedWatch(env, definition, opened),
    };
  } catch (error) {
    throw storeStatus(error, subjectOf(definition), '');
  }
}

/** Everything is watched, and judged once it is converted. */
async function watchConverted(
  env: ReadEnvironment,
  { definition, ...place }: Target,
  { sendInitialEvents, allowWatchBookmarks }: WatchOptions,
  replica: Replica,
  selection: Selection,
  { after, withState }: { readonly after: number; readonly withState: boolean },
): Promise<WatchOutcome> {
  const prefix = prefixOf({ definition, ...place });
  const entries = [
    ...replica.snapshot({ ...(prefix && { prefix }), ...(after !== replica.revision && { revision: after }) }),
  ];
  const opened = open(replica, after, prefix, { ...selection, all: true });
  try {
    const converted = await Promise.all(entries.map((each) => convertedEntry(env, definition, each)));
    const matched = converted.filter(selection.matches);
    return {
      initial: withState ? matched : [],
      initialBookmark: sendInitialEvents === true && allowWatchBookmarks === true,
      resourceVersion: String(after),
      watch: selectedWatch(
        convertedWatch(env, definition, opened),
        selection,
        new Map(matched.map((each) => [each.name, each])),
      ),
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

function open(replica: Replica, after: number, prefix: string, selection: Selection) {
  try {
    return replica.watch({
      after,
      ...(prefix && { prefix }),
      ...(!selection.all && { filter: { key: selection.key, matches: selection.matches } }),
    });
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted') {
      throw tooOldResourceVersion(after, error.failure.data.compactedRevision);
    }
    throw error;
  }
}

function state(replica: Replica, target: Target, selection: Selection): Entry[] {
  const prefix = prefixOf(target);
  const result: Entry[] = [];
  for (const entry of replica.snapshot(prefix ? { prefix } : {})) {
    if (selection.all || selection.matches(entry)) result.push(entry);
  }
  return result;
}
