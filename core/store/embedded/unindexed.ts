// What the newest entries of one type's log say of its keys and the index does not know yet. A commit writes the end of a log and nothing
// else; the index, whose rows lie anywhere in it, learns of many at once. What is here can always be read from the log again.

export interface LastEntry {
  readonly revision: number;
  readonly op: 'put' | 'delete';
}

export class Unindexed {
  /** As of the open transaction. */
  #last = new Map<string, LastEntry>();
  /** What stood there before each write of the open transaction, or of one that is not durable yet. */
  #before: { readonly name: string; readonly last: LastEntry | undefined }[] = [];
  #indexed = 0;

  get size(): number {
    return this.#last.size;
  }

  get(name: string): LastEntry | undefined {
    return this.#last.get(name);
  }

  set(name: string, last: LastEntry): void {
    this.#before.push({ name, last: this.#last.get(name) });
    this.#last.set(name, last);
  }

  /** Each name once. */
  all(): ReadonlyMap<string, LastEntry> {
    return this.#last;
  }

  /** The transaction ended. `indexed`: the index knows of everything up to this revision. */
  settle(durable: boolean, indexed: number): void {
    if (!durable) this.#takeBack();
    this.#before = [];
    if (indexed === this.#indexed) return;
    this.#indexed = indexed;
    this.#last = new Map([...this.#last].filter(([, { revision }]) => revision > indexed));
  }

  #takeBack(): void {
    for (const { name, last } of this.#before.reverse()) {
      if (last) this.#last.set(name, last);
      else this.#last.delete(name);
    }
  }
}
