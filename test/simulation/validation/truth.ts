// What really happened: the log as the table's slots were filled, and each key's versions by it.

import { compareNames } from '../../../core/store/name-order.ts';

/** A slot as it was filled. A fence has no name. */
export interface Filled {
  readonly kind: 'put' | 'delete' | 'fence';
  readonly revision: number;
  readonly name: string;
  readonly previous: number;
  /** The value as it is served. */
  readonly text: string;
}

export interface Version {
  readonly revision: number;
  readonly alive: boolean;
  readonly text: string;
  /** When it took effect, in steps of the clock. */
  readonly at: number;
}

const absent: Version = { revision: 0, alive: false, text: '', at: -1 };

export class TypeTruth {
  readonly #slots: (Filled & { readonly at: number })[] = [];
  readonly #keys = new Map<string, Version[]>();
  #names: string[] = [];
  #frontier = 0;

  /** All slots up to it are filled. */
  get frontier(): number {
    return this.#frontier;
  }

  get size(): number {
    return this.#slots.length;
  }

  slot(revision: number): (Filled & { readonly at: number }) | undefined {
    return this.#slots[revision];
  }

  /** Returns what is wrong with it, if anything. */
  fill(filled: Filled, at: number): string | undefined {
    const { revision, name, kind, previous } = filled;
    if (this.#slots[revision]) return `slot ${revision} was filled twice`;
    this.#slots[revision] = { ...filled, at };
    while (this.#slots[this.#frontier + 1]) this.#frontier++;
    if (kind === 'fence') return undefined;
    const versions = this.#keys.get(name) ?? [];
    if (versions.length === 0) {
      this.#keys.set(name, versions);
      this.#names = [...this.#keys.keys()].sort(compareNames);
    }
    const last = versions.at(-1) ?? absent;
    versions.push({ revision, alive: kind === 'put', text: filled.text, at });
    if (revision <= last.revision) return `${name}@${revision} took effect after ${name}@${last.revision}`;
    const replaced = last.alive ? last.revision : 0;
    if (previous !== replaced) return `${name}@${revision} says that it replaced ${previous}; it replaced ${replaced}`;
    if (kind === 'delete' && previous === 0) return `${name}@${revision} deleted what did not exist`;
    return undefined;
  }

  /** The key's state at a revision. */
  atRevision(name: string, revision: number): Version {
    const versions = this.#keys.get(name) ?? [];
    return versions[lastIndex(versions, (version) => version.revision <= revision)] ?? absent;
  }

  /** The key's state after a step. */
  atStep(name: string, step: number): Version {
    const versions = this.#keys.get(name) ?? [];
    return versions[lastIndex(versions, (version) => version.at <= step)] ?? absent;
  }

  /** Every state that the key had from one step to another. */
  during(name: string, from: number, to: number): Version[] {
    const versions = this.#keys.get(name) ?? [];
    const first = lastIndex(versions, (version) => version.at <= from);
    const seen = first < 0 ? [absent] : [];
    for (let i = Math.max(0, first); i < versions.length; i++) {
      const version = versions[i];
      if (!version || version.at > to) break;
      seen.push(version);
    }
    return seen;
  }

  /** The live keys at a revision, in order of names. */
  *stateAt(revision: number): Generator<{ readonly name: string; readonly version: Version }> {
    for (const name of this.#names) {
      const version = this.atRevision(name, revision);
      if (version.alive) yield { name, version };
    }
  }
}

/** The last index that passes; those that pass come first. */
function lastIndex(versions: readonly Version[], passes: (version: Version) => boolean): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const version = versions[middle];
    if (version && passes(version)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
