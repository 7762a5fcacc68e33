// Field selectors of a custom resource in another version than the stored one: they name fields of the version that is asked for, so each
// object is converted before it is judged. Built-in types say where their fields stand in the stored form.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { ReadEnvironment } from '../../kinds/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Entry, Watch, WatchEvent } from '../../replica/replica.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import { convertedEntry, isServedAsStored } from '../versions.ts';
import { withEntry } from './converted-watch.ts';
import type { Selection } from './selection.ts';

export function selectsConverted(env: ReadEnvironment, definition: ResourceDefinition, { fields }: Selection): boolean {
  return fields && definition.customResource !== undefined && !isServedAsStored(env, definition);
}

/** The selection among `entries`, judged by their converted forms: all conversions are one call of the webhook. */
export async function convertedSelection(
  env: ReadEnvironment,
  definition: ResourceDefinition,
  selection: Selection,
  entries: Iterable<Entry>,
): Promise<Selection> {
  const pairs = [...entries].map(async (each) => [each, await convertedEntry(env, definition, each)] as const);
  const forms = new Map(await Promise.all(pairs));
  return { ...selection, matches: (entry) => selection.matches(forms.get(entry) ?? entry) };
}

/** Of a watch whose objects are converted and not selected yet. `matched`: the converted entries that matched where the watch begins. */
export function selectedWatch(watch: Watch, selection: Selection, matched: Map<string, Entry>): Watch {
  const seen = (event: WatchEvent): WatchEvent | undefined => {
    const { entry, type } = event;
    const before = matched.get(entry.name);
    if (type !== 'DELETED' && selection.matches(entry)) {
      matched.set(entry.name, entry);
      return withEntry({ ...event, type: before ? 'MODIFIED' : 'ADDED' }, entry);
    }
    if (!before) return undefined;
    matched.delete(entry.name);
    return withEntry({ ...event, type: 'DELETED' }, type === 'DELETED' ? entry : lastState(before, event.revision));
  };
  return {
    drain: () => watch.drain().flatMap((event) => seen(event) ?? []),
    get revision() {
      return watch.revision;
    },
    get ended() {
      return watch.ended;
    },
    get onReady() {
      return watch.onReady;
    },
    set onReady(callback) {
      watch.onReady = callback;
    },
    close: () => watch.close(),
  };
}

/** What left the selection is shown as it was in it, at the revision at which it left. */
function lastState({ name, object }: Entry, revision: number): Entry {
  // Entries of a replica hold what the registry stored.
  const { metadata, ...rest } = object as KubeObject;
  const last = { ...rest, metadata: { ...metadata, resourceVersion: String(revision) } };
  return { name, revision, object: last, bytes: encodeWhole(last) };
}
