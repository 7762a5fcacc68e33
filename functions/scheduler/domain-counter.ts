// How many pods there are in each domain of a topology (a zone, a node), and the least over all domains, kept as pods and
// nodes come and go: a question costs one look-up, not a scan.

/** The domain of each node for one topology key. */
export interface Domains {
  readonly topologyKey: string;
  readonly ids: Map<string, number>;
  /** By the node's slot; -1 = the node has no such label. */
  readonly of: number[];
}

export class DomainCounter {
  readonly domains: Domains;
  /** By domain. */
  readonly counts: number[] = [];
  total = 0;
  /** Domains that have a node which counts. */
  present = 0;
  readonly #nodes: number[] = [];
  /** 1 = the node counts, by slot. Undefined: all do. */
  readonly #eligible: number[] | undefined;
  /** How many present domains have each count. */
  readonly #histogram: number[] = [];
  #least = 0;

  /** With `limited`, only nodes that were added as eligible count; without, all do, and there is no `least`. */
  constructor(domains: Domains, limited: boolean) {
    this.domains = domains;
    this.#eligible = limited ? [] : undefined;
  }

  /** The smallest count of a present domain; 0 without any. */
  get least(): number {
    return this.present === 0 ? 0 : this.#least;
  }

  /** The count of the node's domain; 0 when it has none. */
  at(slot: number): number {
    const domain = this.domains.of[slot] ?? -1;
    return domain < 0 ? 0 : (this.counts[domain] ?? 0);
  }

  add(slot: number, by: number): void {
    if (this.#eligible && !this.#eligible[slot]) return;
    const domain = this.domains.of[slot] ?? -1;
    if (domain < 0) return;
    const before = this.counts[domain] ?? 0;
    this.counts[domain] = before + by;
    this.total += by;
    if (!this.#eligible) return;
    this.#tally(before, -1);
    this.#tally(before + by, 1);
    this.#settle();
  }

  addNode(slot: number, eligible: boolean): void {
    if (!this.#eligible) return;
    this.#eligible[slot] = eligible ? 1 : 0;
    const domain = this.domains.of[slot] ?? -1;
    if (!eligible || domain < 0) return;
    const nodes = (this.#nodes[domain] ?? 0) + 1;
    this.#nodes[domain] = nodes;
    if (nodes > 1) return;
    this.present += 1;
    const count = this.counts[domain] ?? 0;
    if (this.present === 1) this.#least = count;
    this.#tally(count, 1);
    this.#settle();
  }

  /** The node's pods were taken out before. */
  removeNode(slot: number): void {
    if (!this.#eligible?.[slot]) return;
    this.#eligible[slot] = 0;
    const domain = this.domains.of[slot] ?? -1;
    if (domain < 0) return;
    const nodes = (this.#nodes[domain] ?? 0) - 1;
    this.#nodes[domain] = nodes;
    if (nodes > 0) return;
    this.present -= 1;
    this.#tally(this.counts[domain] ?? 0, -1);
    this.#settle();
  }

  #tally(count: number, by: 1 | -1): void {
    this.#histogram[count] = (this.#histogram[count] ?? 0) + by;
    if (by > 0 && count < this.#least) this.#least = count;
  }

  #settle(): void {
    if (this.present > 0) while (!this.#histogram[this.#least]) this.#least += 1;
  }
}
