// What keys were at older revisions: for each key that changed since, the revision that its first change replaced. Kept for a few
// revisions, so that a list in pages reads the log since its revision once and not once a page.

import { compareNames } from '../name-order.ts';
import type { Tables, TypeState } from './tables.ts';

export interface PastState {
  /** By name: the revision that held its value then; 0 where it did not exist. */
  readonly replaced: ReadonlyMap<string, number>;
  /** The names of `replaced` that existed then, in order. */
  readonly names: readonly string[];
}

interface Kept {
  readonly type: number;
  readonly revision: number;
  readonly replaced: Map<string, number>;
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
    const kept = this.#keep(state.id, revision);
    if (kept.through < state.head) this.#readOn(kept, state);
    return kept;
  }

  /** Reads a piece of what a list at the revision will need. False: what is left is small. */
  readAhead(state: TypeState, revision: number): boolean {
    const kept = this.#keep(state.id, revision);
    if (state.head - kept.through <= atOnce) return false;
    this.#read(kept, state, kept.through + atOnce);
    return true;
  }

  #keep(type: number, revision: number): Kept {
    const kept = this.#kept.find((candidate) => candidate.type === type && candidate.revision === revision) ?? {
      type,
      revision,
      replaced: new Map<string, number>(),
      names: [],
      through: revision,
    };
    this.#kept = [kept, ...this.#kept.filter((other) => other !== kept)].slice(0, maximumKept);
    return kept;
  }

  #readOn(kept: Kept, state: TypeState): void {
    this.#read(kept, state, state.head);
    kept.names = [...kept.replaced].filter(([, revision]) => revision > 0).map(([name]) => name);
    kept.names.sort(compareNames);
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
