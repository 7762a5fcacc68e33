// What keys were at older revisions: for each key that changed since, the revision that its first change replaced. Kept for a few
// revisions, so that a list in pages reads the log since its revision once and not once a page.

import { compareNames } from '../name-order.ts';
import type { Tables, TypeState } from './tables.ts';
import type { Unindexed } from './unindexed.ts';

export interface PastState {
  /** By name: the revision that held its value then; 0 where it did not exist. */
  readonly replaced: ReadonlyMap<string, number>;
  /** The names of `replaced` that existed then, in order. */
  readonly names: readonly string[];
  /** So many of `replaced` did not change since: the index did not know of them then, and may know now. */
  readonly unchanged: number;
}

interface Kept {
  readonly type: number;
  readonly revision: number;
  readonly replaced: Map<string, number>;
  readonly unchanged: number;
  names: string[];
  /** The log was read up to this revision. */
  through: number;
}

/** Pages of this many lists at once read on without starting over. */
const maximumKept = 8;

/** Entries that are read without letting others have their turn. */
const atOnce = 1000;

export class PastStates {
  readonly #tables: Tables;
  #kept: Kept[] = [];

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The state of a type at a revision that is not compacted. */
  at(state: TypeState, revision: number): PastState {
    const kept = this.#keep(state, revision);
    if (kept.through < state.head) this.#readOn(kept, state);
    return kept;
  }

  /** Reads a piece of what a list at the revision will need. False: what is left is small. */
  readAhead(state: TypeState, revision: number): boolean {
    const kept = this.#keep(state, revision);
    if (state.head - kept.through <= atOnce) return false;
    this.#read(kept, state, kept.through + atOnce);
    return true;
  }

  #keep(state: TypeState, revision: number): Kept {
    const { id: type } = state;
    const kept =
      this.#kept.find((candidate) => candidate.type === type && candidate.revision === revision) ??
      keepOf(state, revision);
    this.#kept = [kept, ...this.#kept.filter((other) => other !== kept)].slice(0, maximumKept);
    return kept;
  }

  #readOn(kept: Kept, state: TypeState): void {
    this.#read(kept, state, state.head);
    kept.names = namesOf(kept.replaced);
  }

  #read(kept: Kept, state: TypeState, to: number): void {
    const rows = this.#tables
      .sql(`SELECT name, previous FROM ${state.log} WHERE revision > ? AND revision <= ? ORDER BY revision`)
      .all(kept.through, to);
    for (const row of rows) {
      const name = String(row['name']);
      if (!kept.replaced.has(name)) kept.replaced.set(name, Number(row['previous']));
    }
    kept.through = to;
  }
}

/** What the index knows by now it may know of later revisions only: what it does not know is taken down here. */
function keepOf({ id: type, unindexed }: TypeState, revision: number): Kept {
  const replaced = statesOf(unindexed, revision);
  return { type, revision, replaced, unchanged: replaced.size, names: [], through: revision };
}

/** Of the keys whose last entry the index does not know, and that lies at or before the revision: where their value is, 0 for none. */
export function statesOf(unindexed: Unindexed, revision: number): Map<string, number> {
  const states = new Map<string, number>();
  if (unindexed.size === 0) return states;
  for (const [name, last] of unindexed.all())
    if (last.revision <= revision) states.set(name, last.op === 'put' ? last.revision : 0);
  return states;
}

/** The names that have a value, in order. */
export function namesOf(states: ReadonlyMap<string, number>): string[] {
  const names = [...states].filter(([, revision]) => revision > 0).map(([name]) => name);
  return names.sort(compareNames);
}
