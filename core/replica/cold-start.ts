// How a replica begins: the state at an older revision and the log since, where the store still tells both; else the newest state,
// and the log without the states before its first entries.

import type { Item, LogEntry, Sealed, Store, TypeName } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

export interface ColdStart {
  /** The state at `revision`, in order of names. */
  readonly items: readonly Item[];
  readonly revision: number;
  /** Entries of the log before `revision`, from `floor` on, whose earlier states are unknown. */
  readonly past: readonly LogEntry[];
  readonly floor: number;
  /** What is in the newest state and cannot be decrypted. */
  readonly sealed: readonly Sealed[];
}

/** What is kept of a value. */
export type Project = (value: Uint8Array) => Uint8Array;

export interface ColdStartOptions {
  /** Of the log's newest entries, how many are to be known. */
  readonly window: number;
  /** Objects that are read at a time. */
  readonly pageSize: number;
  readonly project?: Project | undefined;
}

/** What follows `revision` is read as any catching up is. */
export async function coldStart(
  store: Store,
  type: TypeName,
  { window, pageSize, project }: ColdStartOptions,
): Promise<ColdStart> {
  for (;;) {
    const { compacted, head } = await store.bounds(type);
    // Never written.
    if (head === 0) return { items: [], revision: 0, past: [], floor: 0, sealed: [] };
    const base = Math.max(compacted, head - window);
    try {
      const items = await listAt(store, type, base, pageSize, project);
      return { items, revision: base, past: [], floor: base, sealed: [] };
    } catch (error) {
      if (!isCompacted(error) && !isSealed(error)) throw error;
      // The compactor was faster, or this engine does not tell older states.
      if ((await store.bounds(type)).compacted > base) continue;
    }
    const { items, revision, sealed = [] } = await store.list(type, { includeSealed: true });
    const past = await logBetween(store, type, base, revision);
    if (past) return { items: kept(items, project), revision, past: kept(past, project), floor: base, sealed };
  }
}

function kept<T extends Item | LogEntry>(all: readonly T[], project: Project | undefined): readonly T[] {
  return project ? all.map((each) => ({ ...each, value: project(each.value) })) : all;
}

async function listAt(
  store: Store,
  type: TypeName,
  revision: number,
  pageSize: number,
  project: Project | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const after = items.at(-1)?.name;
    const page = await store.list(type, { revision, limit: pageSize, ...(after !== undefined && { after }) });
    items.push(...kept(page.items, project));
    if (!page.more) return items;
  }
}

async function logBetween(store: Store, type: TypeName, after: number, to: number): Promise<LogEntry[] | undefined> {
  const entries: LogEntry[] = [];
  try {
    for (let through = after; through < to; ) {
      const page = await store.log(type, through);
      entries.push(...page.entries.filter((entry) => entry.revision <= to));
      through = page.through;
    }
    return entries;
  } catch (error) {
    if (isCompacted(error)) return undefined;
    throw error;
  }
}

function isSealed(error: unknown): boolean {
  return error instanceof StoreError && error.failure.code === 'sealed';
}

export function isCompacted(error: unknown): boolean {
  return error instanceof StoreError && error.failure.code === 'compacted';
}
