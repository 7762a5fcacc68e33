// One nftables table of ours: remembers what the kernel holds and loads only what changed.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../../core/machinery/json.ts';
import type { Run } from '../run.ts';
import { type Command, delta, type Json, type KeptElement, load, type Ruleset, type TableName } from './ruleset.ts';

export class Table {
  readonly #table: TableName;
  readonly #directory: string;
  readonly #run: Run;
  /** What the kernel holds; undefined while that is not known (after a start or a failure). */
  #held: Ruleset | undefined;

  /** `directory`: for the command file; nft cannot read commands from the socket that Node gives a child as stdin. */
  constructor(table: TableName, directory: string, run: Run) {
    this.#table = table;
    this.#directory = directory;
    this.#run = run;
  }

  /** Brings the table to `wanted` in one transaction. When a delta fails, the whole table is loaded. Rejects with CommandError. */
  async apply(wanted: Ruleset): Promise<void> {
    if (this.#held !== undefined) {
      const commands = delta(this.#table, this.#held, wanted);
      if (commands.length === 0) return;
      try {
        await this.#load(commands);
        this.#held = wanted;
        return;
      } catch {
        // Somebody else changed the table, or it is gone: the full load below says more, or puts it right.
        this.#held = undefined;
      }
    }
    // Connections live in conntrack and survive the exchange of rules; clients' affinity lives in the table and is carried over.
    await this.#load(load(this.#table, wanted, await this.#affinity()));
    this.#held = wanted;
  }

  /** Whether the table is in an answer to `nft -j list tables`. */
  isIn(listing: string): boolean {
    const { nftables } = parseJson(listing) as { nftables: { table?: { family: string; name: string } }[] };
    return nftables.some(({ table }) => table?.family === this.#table.family && table.name === this.#table.name);
  }

  /** The next `apply` loads the table whole. */
  forget(): void {
    this.#held = undefined;
  }

  /** Deletes the table, if it is there. */
  async remove(): Promise<void> {
    this.#held = undefined;
    const table = { ...this.#table };
    await this.#load([{ add: { table } }, { delete: { table } }]);
  }

  async #load(commands: readonly Command[]): Promise<void> {
    const file = join(this.#directory, `${this.#table.family}-${this.#table.name}.json`);
    await writeFile(file, JSON.stringify({ nftables: commands }), { mode: 0o600 });
    try {
      await this.#run('nft', ['-j', '-f', file]);
    } finally {
      await rm(file, { force: true });
    }
  }

  async #affinity(): Promise<KeptElement[]> {
    let listing: string;
    try {
      listing = await this.#run('nft', ['-j', 'list', 'table', this.#table.family, this.#table.name]);
    } catch {
      // No such table yet; if nft itself does not work, the load that follows says so.
      return [];
    }
    return keptElements(parseJson(listing) as Parameters<typeof keptElements>[0]);
  }
}

interface ListedSet {
  name: string;
  timeout?: number;
  elem?: (Json | { elem: { val: Json; timeout?: number; expires?: number } })[];
}

/** The elements with a time left, out of `nft -j list table`. */
function keptElements(listing: { nftables: { set?: ListedSet }[] }): KeptElement[] {
  const kept: KeptElement[] = [];
  for (const { set } of listing.nftables) {
    for (const element of set?.elem ?? []) {
      if (set?.timeout === undefined || typeof element !== 'object' || element === null || !('elem' in element))
        continue;
      // The JSON of nft gives a timed element as { elem: { val, timeout?, expires } }.
      const { val, timeout, expires } = element.elem as { val: Json; timeout?: number; expires?: number };
      if (expires !== undefined && expires > 0) {
        kept.push({ set: set.name, key: val, timeout: timeout ?? set.timeout, expires });
      }
    }
  }
  return kept;
}
