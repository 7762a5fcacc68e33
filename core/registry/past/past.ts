// What the log knows of an object: what it was at a moment, and who changed it when. Who may read the object now may read this, and sees what
// its own life was: what somebody else had under the same name before stays theirs.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, notFound, StatusError, type StatusSubject } from '../../machinery/status.ts';
import type { Entry } from '../../replica/replica.ts';
import { decodeObject } from '../../store/encode-object.ts';
import { leastTableHistoryMs } from '../../store/history.ts';
import { type PastEntry, type PastOptions, StoreError } from '../../store/store.ts';
import { tooLargeResourceVersion } from '../read/resource-version.ts';
import type { ListOutcome, Outcome, Target } from '../registry.ts';
import { storeStatus } from '../store-errors.ts';
import { keyOf, prefixOf, subjectOf } from '../target.ts';
import { fromStored, present } from '../versions.ts';
import { type Actor, decodeActor } from './actor.ts';
import { clockMs, isOwn, type Owner, ownersOf } from './owner.ts';

/** A resourceVersion, or a time in Unix milliseconds. */
export type Moment = { readonly revision: number } | { readonly time: number };

export interface PastChange {
  readonly revision: string;
  /** RFC 3339. Absent, as is `by`, where the entry is older than the log, or an older version wrote it. */
  readonly time?: string;
  readonly operation: 'create' | 'update' | 'delete';
  readonly by?: Actor;
  /** As it was after the change, without managedFields; of a delete: as it was last. */
  readonly object: KubeObject;
}

export interface PastChanges {
  /** The newest first. */
  readonly items: readonly PastChange[];
  readonly continue?: string;
  /** The object was created by the last item. False where there are more, or older ones are no longer in the log. */
  readonly complete: boolean;
}

export const maximumChanges = 100;
export const maximumListed = 500;
/** Of one answer: a function's may have 6 MB. */
const pageBytes = 2 * 1024 * 1024;
/** Read at a time, so that large objects do not come in hundreds. */
const readAtOnce = 5;
/** Pages without an entry that are looked through for a moment: each is a thousand entries. */
const mostPages = 20;
/** A clock that was set back leaves entries that are of later than now, by its store's tolerance. */
const futureMs = 600_000;

export async function changesOf(
  env: ReadEnvironment,
  target: Target,
  options: { readonly limit: number; readonly continue?: string },
): Promise<PastChanges> {
  return withStatus(target, async () => {
    const { definition } = target;
    const life = await newest(env, target);
    // Of what could not be decrypted when it was deleted no entry can be told from another's.
    if (options.continue !== undefined && decodeObject(life.value).metadata.uid === undefined)
      throw badRequest('continue: begin with the first page');
    const items: PastChange[] = [];
    let from = options.continue === undefined ? undefined : readContinue(options.continue);
    let bytes = 0;
    for (;;) {
      const left = Math.min(readAtOnce, options.limit - items.length);
      const page = await env.store.past(definition.type, keyOf(target), {
        ...(from !== undefined && { from }),
        limit: left,
      });
      for (const entry of page.entries) {
        const object = ownState(life, entry, target);
        bytes += entry.value.length;
        items.push(await change(env, target, entry, object));
      }
      from = page.more;
      if (from === undefined) return { items, complete: !page.gone };
      if (items.length >= options.limit || bytes >= pageBytes)
        return { items, continue: String(from), complete: false };
    }
  });
}

/** As it was at the moment. NotFound where it was not there, Expired where the log does not reach back so far. */
export async function stateAt(env: ReadEnvironment, target: Target, moment: Moment): Promise<Outcome> {
  return withStatus(target, async () => {
    const { definition, name = '' } = target;
    const { type } = definition;
    if ('revision' in moment) {
      const head = await env.store.head(type);
      if (moment.revision > head) throw tooLargeResourceVersion(moment.revision, head);
    } else demandPast(moment.time, env.clock());
    const life = await newest(env, target);
    const found = await entryAt(env, target, moment);
    if (!found.entry) {
      if (found.gone) throw expired(target);
      throw gone(target, name, `it was made later`);
    }
    const { entry } = found;
    if ('time' in moment && !isKnownAt(entry, moment.time, env.clock())) throw expired(target);
    if (entry.op === 'delete') throw gone(target, name, `it was deleted at ${timeOf(entry) ?? 'an unknown time'}`);
    const object = ownState(life, entry, target);
    return await present(env, definition, { object, bytes: entry.value });
  });
}

/** What there was of a type, or of a namespace of it, at a time. `continue` is the last name that the caller has. */
export async function listAt(
  env: ReadEnvironment,
  target: Target,
  options: { readonly time: number; readonly limit: number; readonly continue?: string },
): Promise<ListOutcome> {
  return withStatus(target, async () => {
    const { definition } = target;
    demandPast(options.time, env.clock());
    const owners = await ownersOf(env, target);
    const young = owners.filter(({ made }) => !(options.time >= made + clockMs));
    const [before] = young.filter(({ made }) => !(options.time >= made - clockMs));
    if (before) throw ofAnother(target, before);
    const { revision, items, more } = await listOfTime(env, target, options);
    const entries: Entry[] = [];
    for (const item of items) {
      if (!(await isOwn(env, definition.type, item, young))) continue;
      const { object, bytes } = await present(env, definition, { object: decodeObject(item.value), bytes: item.value });
      entries.push({ name: item.name, revision: item.revision, object, bytes });
    }
    const last = items.at(-1);
    return {
      entries,
      resourceVersion: String(revision),
      ...(more && last && { continue: Buffer.from(last.name).toString('base64url') }),
    };
  });
}

async function listOfTime(env: ReadEnvironment, target: Target, options: Parameters<typeof listAt>[2]) {
  const { type } = target.definition;
  const prefix = prefixOf(target);
  const after = options.continue === undefined ? '' : Buffer.from(options.continue, 'base64url').toString();
  try {
    const revision = await env.store.revisionAt(type, options.time);
    if (revision === 0) return { revision, items: [], more: false };
    const page = { revision, limit: options.limit, ...(prefix && { prefix }), ...(after && { after }) };
    return { ...(await env.store.list(type, page)), revision };
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'compacted') throw expired(target);
    throw error;
  }
}

/** The newest entry of what is there now or, where nothing is, of what was there last and belongs to whom it belongs now. */
async function newest(env: ReadEnvironment, target: Target): Promise<PastEntry> {
  const { definition, name = '' } = target;
  const { entries } = await env.store.past(definition.type, keyOf(target), { limit: 1 });
  const [life] = entries;
  if (!life) throw notFound(subjectOf(definition), name);
  // What is there now was made in the namespace that is there now, by the definition that is there now.
  if (life.op === 'put') return life;
  const { at = 0 } = life;
  const owners = await ownersOf(env, target);
  const young = owners.filter(({ made }) => !(at >= made + clockMs));
  const [another] = young;
  if (another && !(await isOwn(env, definition.type, life, young))) throw ofAnother(target, another);
  return life;
}

async function entryAt(
  env: ReadEnvironment,
  target: Target,
  moment: Moment,
): Promise<{ entry?: PastEntry; gone: boolean }> {
  let options: PastOptions = { ...moment, limit: 1 };
  for (let pages = 0; pages < mostPages; pages++) {
    const { entries, more, gone: isGone } = await env.store.past(target.definition.type, keyOf(target), options);
    const [entry] = entries;
    if (entry) return { entry, gone: isGone };
    if (more === undefined) return { gone: isGone };
    options = { ...options, from: more };
  }
  throw badRequest('it changed too often since: name a revision that its changes (history=changes) tell');
}

/** An entry's object, if it is the one that is asked about: a client may name any revision to go on at. */
function ownState(life: PastEntry, entry: PastEntry, target: Target): KubeObject {
  const object = decodeObject(entry.value);
  const { uid } = decodeObject(life.value).metadata;
  // A delete of what could not be decrypted knows none.
  if (object.metadata.uid !== uid && uid !== undefined)
    throw badRequest(`continue: it is none of ${target.name ?? ''}`);
  return object;
}

async function change(env: ReadEnvironment, target: Target, entry: PastEntry, object: KubeObject): Promise<PastChange> {
  const time = timeOf(entry);
  const by = entry.by === undefined ? undefined : decodeActor(entry.by);
  const shown = await fromStored(env, target.definition, object);
  const { managedFields: _, ...metadata } = shown.metadata;
  const made = entry.previousRevision === 0 && entry.at !== 0;
  return {
    revision: String(entry.revision),
    ...(time !== undefined && { time }),
    operation: entry.op === 'delete' ? 'delete' : made ? 'create' : 'update',
    ...(by && { by }),
    object: { ...shown, metadata },
  };
}

function isKnownAt({ at }: PastEntry, time: number, now: Date): boolean {
  return at !== undefined && (at > 0 || time >= now.getTime() - leastTableHistoryMs);
}

function timeOf({ at }: PastEntry): string | undefined {
  return at ? new Date(at).toISOString() : undefined;
}

function demandPast(time: number, now: Date): void {
  if (time > now.getTime() + futureMs) throw badRequest('at: this is in the future');
}

function readContinue(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,15}$/.test(text) || value === 0) throw badRequest('continue: give what the page before said');
  return value;
}

function expired({ definition }: Target): StatusError {
  return new StatusError(
    'Expired',
    `the log of ${definition.resource} does not reach back so far: ask for a later moment; \`zeroplane up --history\`, or \`-c history=\` on AWS, says how long it is kept from now on`,
    detailsOf(subjectOf(definition)),
  );
}

function ofAnother(target: Target, { type, name }: Owner): StatusError {
  return gone(target, target.name ?? '', `${type} ${JSON.stringify(name)} was made later`);
}

function gone({ definition }: Target, name: string, why: string): StatusError {
  const subject = subjectOf(definition);
  const what = name === '' ? definition.resource : `${definition.resource} ${JSON.stringify(name)}`;
  return new StatusError('NotFound', `${what} was not there: ${why}`, { ...detailsOf(subject), ...(name && { name }) });
}

function detailsOf({ group, resource }: StatusSubject) {
  return { ...(group && { group }), kind: resource };
}

async function withStatus<T>(target: Target, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeStatus(error, subjectOf(target.definition), target.name ?? '');
  }
}
