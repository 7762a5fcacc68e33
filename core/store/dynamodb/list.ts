// Exact lists: what the query found, brought to one revision by the log (D3); to an older one by undoing the log's entries since.

import { compareNames, prefixEnd } from '../name-order.ts';
import type { ListOptions, TypeName } from '../store.ts';
import { StoreError } from '../store.ts';
import type { Heads } from './heads.ts';
import type { DynamoItem, Slot, StoredObject } from './items.ts';
import { objectPartition, readObject } from './items.ts';
import type { Log } from './log.ts';
import type { Call, Requests } from './requests.ts';

export interface StoredList {
  readonly objects: readonly (StoredObject & Required<Pick<StoredObject, 'value'>>)[];
  readonly revision: number;
  readonly more: boolean;
}

type Entry = Exclude<Slot, { kind: 'fence' }>;
type Live = StoredList['objects'][number];

/** An item more than asked for tells that there is more; some more make up for tombstones. */
const spare = 10;
const restarts = 5;

export async function list(
  requests: Requests,
  heads: Heads,
  log: Log,
  call: Call,
  type: TypeName,
  options: ListOptions,
): Promise<StoredList> {
  for (let restarted = 0; ; restarted++) {
    try {
      return await new Listing(requests, heads, log, call, type, options).run();
    } catch (error) {
      // The log between the settled mark and the head was given up as too old: it is settled now.
      const compacted = error instanceof StoreError && error.failure.code === 'compacted';
      if (!compacted || options.revision !== undefined || restarted === restarts) throw error;
    }
  }
}

class Listing {
  readonly #requests: Requests;
  readonly #heads: Heads;
  readonly #log: Log;
  readonly #call: Call;
  readonly #type: TypeName;
  readonly #prefix: string;
  readonly #after: string;
  readonly #limit: number;
  readonly #wanted: number | undefined;
  readonly #states = new Map<string, StoredObject>();
  readonly #entries: Entry[] = [];

  constructor(requests: Requests, heads: Heads, log: Log, call: Call, type: TypeName, options: ListOptions) {
    this.#requests = requests;
    this.#heads = heads;
    this.#log = log;
    this.#call = call;
    this.#type = type;
    this.#prefix = options.prefix ?? '';
    this.#after = options.after ?? '';
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#wanted = options.revision;
  }

  async run(): Promise<StoredList> {
    const { settled, head: begun, compacted } = await this.#heads.read(this.#call, this.#type);
    if (begun === 0) return { objects: [], revision: 0, more: false };
    const wanted = this.#wanted;
    if (wanted !== undefined && wanted < compacted) throw this.#log.gone(this.#type, compacted);
    if (wanted !== undefined && wanted > begun)
      throw new RangeError(`${this.#type} has no revision ${wanted} yet: its head is ${begun}`);

    const empty = compareNames(this.#after, prefixEnd(this.#prefix)) >= 0;
    if (empty) return { objects: [], revision: wanted ?? begun, more: false };
    const pages = this.#pages();
    let through = Math.min(settled, wanted ?? settled);
    for (;;) {
      // Everything up to here was filled before the first page was read, or is seen in the log after the last one.
      const end = await this.#readPages(pages);
      const head = await this.#heads.read(this.#call, this.#type);
      for (const slot of await this.#log.all(this.#call, this.#type, head, through, head.head))
        if (slot.kind !== 'fence') this.#entries.push(slot);
      through = head.head;
      const objects = await this.#at(wanted ?? through, end);
      if (end !== undefined && objects.length <= this.#limit) continue;
      const more = objects.length > this.#limit;
      return { objects: more ? objects.slice(0, this.#limit) : objects, revision: wanted ?? through, more };
    }
  }

  /** Reads until enough is known; returns the last name read, undefined when there are no more. */
  async #readPages(pages: AsyncGenerator<DynamoItem[]>): Promise<string | undefined> {
    for (let read = 0; read <= this.#limit; ) {
      const { value: page, done } = await pages.next();
      if (done) return undefined;
      let last = '';
      for (const item of page) {
        const object = readObject(item);
        last = object.name;
        // The query's lower bound is part of what it finds.
        if (!this.#covers(object.name, undefined)) continue;
        this.#states.set(object.name, object);
        if (object.value) read++;
      }
      if (read > this.#limit && last !== '') return last;
    }
    return undefined;
  }

  /** The live objects up to the name `end` at a revision, in order. */
  async #at(revision: number, end: string | undefined): Promise<Live[]> {
    const states = new Map(this.#states);
    /** What each key's first change after the revision replaced. */
    const replaced = new Map<string, number>();
    for (const entry of this.#entries) {
      if (!this.#covers(entry.name, end)) continue;
      if (entry.revision > revision) {
        if (!replaced.has(entry.name)) replaced.set(entry.name, entry.previous);
      } else if ((states.get(entry.name)?.revision ?? 0) < entry.revision) {
        states.set(entry.name, stateAfter(entry));
      }
    }
    await this.#undo(states, replaced, revision);
    const live = [...states.values()].filter((state): state is Live => state.value !== undefined);
    return live.sort((a, b) => compareNames(a.name, b.name));
  }

  /** Puts back what changes after the revision replaced; the log has their values as long as it has their entries. */
  async #undo(
    states: Map<string, StoredObject>,
    replaced: ReadonlyMap<string, number>,
    revision: number,
  ): Promise<void> {
    const lost = new Map<number, string>();
    for (const [name, previous] of replaced) {
      if (states.get(name)?.revision === previous && previous > 0) continue;
      states.delete(name);
      if (previous > 0) lost.set(previous, name);
    }
    for (const slot of await this.#log.at(this.#call, this.#type, [...lost.keys()])) {
      if (slot.kind !== 'put') continue;
      states.set(slot.name, stateAfter(slot));
      lost.delete(slot.revision);
    }
    if (lost.size === 0) return;
    throw this.#log.gone(this.#type, Math.max(revision + 1, ...lost.keys()));
  }

  #pages(): AsyncGenerator<DynamoItem[]> {
    const [prefix, after] = [this.#prefix, this.#after];
    const values: DynamoItem = { ':p': { S: objectPartition(this.#type) } };
    let condition = 'p = :p';
    if (compareNames(after, prefix) >= 0 && after !== '') {
      condition += ' AND s BETWEEN :after AND :end';
      values[':after'] = { S: after };
      values[':end'] = { S: prefixEnd(prefix) };
    } else if (prefix !== '') {
      condition += ' AND begins_with(s, :prefix)';
      values[':prefix'] = { S: prefix };
    }
    return this.#requests.query(this.#call, {
      KeyConditionExpression: condition,
      ExpressionAttributeValues: values,
      ...(Number.isFinite(this.#limit) && { Limit: this.#limit + spare }),
    });
  }

  #covers(name: string, end: string | undefined): boolean {
    if (!name.startsWith(this.#prefix) || compareNames(name, this.#after) <= 0) return false;
    return end === undefined || compareNames(name, end) <= 0;
  }
}

function stateAfter(entry: Entry): StoredObject {
  const { name, revision, value, kind } = entry;
  return { name, revision, ...(kind === 'put' && { value }) };
}
