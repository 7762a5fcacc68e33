// What the newest entries of one type's log say of its keys and the index does not know yet. A commit writes the end of a log and nothing
// else; the index, whose rows lie anywhere in it, learns of many at once. What is here can always be read from the log again.

export interface LastEntry {
  readonly revision: number;
  readonly op: 'put' | 'delete';
}

export class Unindexed {
  readonly #durable = new Map<string, LastEntry>();
  /** Of the open transaction, or of one that is not durable yet. */
  readonly #open = new Map<string, LastEntry>();
  #indexed = 0;

  get size(): number {
    return this.#durable.size + this.#open.size;
  }

  get(name: string): LastEntry | undefined {
    return this.#open.get(name) ?? this.#durable.get(name);
  }

  set(name: string, last: LastEntry): void {
    this.#open.set(name, last);
  }

  /** Each name once. */
  all(): ReadonlyMap<string, LastEntry> {
    return new Map([...this.#durable, ...this.#open]);
  }

  /** The transaction ended. `indexed`: the index knows of everything up to this revision. */
  settle(durable: boolean, indexed: number): void {
    if (durable) for (const [name, last] of this.#open) this.#durable.set(name, last);
    this.#open.clear();
    if (indexed === this.#indexed) return;
    this.#indexed = indexed;
    for (const [name, { revision }] of this.#durable) if (revision <= indexed) this.#durable.delete(name);
  }
}
