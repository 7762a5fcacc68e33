// The values that were written or read last, bounded in bytes, and the names at which there were none. Most reads are of what was written
// or read a moment ago: they and the writes that follow need no statement. Replicas hold the same bytes, so that what was written here
// takes no memory of its own.

import type { Item } from '../store.ts';

/** Known to have no value. */
export interface Absent {
  readonly name: string;
  readonly revision: 0;
}

type Known = Item | Absent;

/** What an entry takes beside its name and value, in the map and in the order. */
const bytesOfEntry = 200;

export class RecentValues {
  readonly #maximumBytes: number;
  /** By the number of a type and by name. A name's hash is known; that of a text made of both would be made each time. */
  #known = new Map<number, Map<string, Known>>();
  /**
   * All that came, in its order, also what was replaced since; `undefined` before `#first`. Beside the maps: V8 walks over all that was
   * deleted from a map's beginning each time that it looks for the first that was not.
   */
  #order: (readonly [type: number, Known] | undefined)[] = [];
  #first = 0;
  /** Of all in `#order`. */
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get(type: number, name: string): Known | undefined {
    return this.#known.get(type)?.get(name);
  }

  set(type: number, known: Known): void {
    let ofType = this.#known.get(type);
    if (!ofType) {
      ofType = new Map();
      this.#known.set(type, ofType);
    }
    ofType.set(known.name, known);
    this.#order.push([type, known]);
    this.#bytes += bytesOf(known);
    while (this.#bytes > this.#maximumBytes) this.#dropFirst();
  }

  clear(): void {
    this.#known.clear();
    this.#order = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  #dropFirst(): void {
    const first = this.#order[this.#first];
    if (!first) return;
    this.#order[this.#first++] = undefined;
    const [type, known] = first;
    this.#bytes -= bytesOf(known);
    const ofType = this.#known.get(type);
    if (ofType?.get(known.name) === known) ofType.delete(known.name);
    if (this.#first < 1024 || this.#first * 2 < this.#order.length) return;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }
}

function bytesOf(known: Known): number {
  return bytesOfEntry + known.name.length + ('value' in known ? known.value.length : 0);
}
