// To whom the past belongs. A namespace that was deleted and made anew may be another tenant's, and a definition too: what there was before
// they were made is told to nobody who asks by them. Whoever may still ask about a namespace that is gone may read it in all namespaces.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { decodeObject } from '../../store/encode-object.ts';
import type { Item, PastEntry } from '../../store/store.ts';
import { customResourceType } from '../custom-resources.ts';
import type { Target } from '../registry.ts';

export interface Owner {
  readonly type: string;
  readonly name: string;
  /** In Unix milliseconds: by the log, or its creationTimestamp, a whole second, where the log does not go back so far. */
  readonly made: number;
  readonly isLogged: boolean;
}

/** Creation times have no fractions of a second, and clocks of functions differ a little. */
export const clockMs = 2000;
/** Entries of one life that are looked through for its first: of what began a moment ago there are few. */
const mostEntries = 100;

/** The namespace and the definition that are there now. */
export async function ownersOf(env: ReadEnvironment, target: Target): Promise<Owner[]> {
  const { definition, namespace } = target;
  const names: (readonly [type: string, name: string])[] = [];
  if (definition.namespaced && namespace) names.push(['namespaces', namespace]);
  if (definition.customResource) names.push([customResourceType, `${definition.resource}.${definition.group}`]);
  const owners: Owner[] = [];
  for (const [type, name] of names) {
    const item = await env.store.get(type, name);
    if (!item) continue;
    const first = await beginning(env, type, name);
    const created = Date.parse(decodeObject(item.value).metadata.creationTimestamp ?? '');
    owners.push({ type, name, made: first?.at ?? created, isLogged: first?.at !== undefined });
  }
  return owners;
}

/**
 * Whether a state belongs to a life that began under these owners, who were made about when the state was: it is still there or ended well
 * after they began, since what their names owned before went with them, or its life began after theirs, by the log. What the log no longer
 * says is not their own.
 */
export async function isOwn(
  env: ReadEnvironment,
  type: string,
  state: Pick<Item, 'name' | 'revision' | 'value'>,
  owners: readonly Owner[],
): Promise<boolean> {
  if (owners.length === 0) return true;
  const { uid } = decodeObject(state.value).metadata;
  if (uid === undefined) return false;
  const [last] = (await env.store.past(type, state.name, { limit: 1 })).entries;
  if (last && decodeObject(last.value).metadata.uid === uid && isAfter(last, owners)) return true;
  const began = (await beginning(env, type, state.name, state.revision))?.at;
  return began !== undefined && owners.every(({ made, isLogged }) => isLogged && began > made);
}

/** Clocks that were set back may have it begin before its owners: when it ended tells as well. */
function isAfter({ op, at = 0 }: PastEntry, owners: readonly Owner[]): boolean {
  return op === 'put' || owners.every(({ made }) => at >= made + clockMs);
}

/** The entry that a life began with; undefined where the log does not have it, or too much came after it. */
async function beginning(
  env: ReadEnvironment,
  type: string,
  name: string,
  from?: number,
): Promise<PastEntry | undefined> {
  const { entries, more } = await env.store.past(type, name, {
    ...(from !== undefined && { from }),
    limit: mostEntries,
  });
  const first = entries.at(-1);
  return more === undefined && first?.previousRevision === 0 && first.at !== 0 ? first : undefined;
}
